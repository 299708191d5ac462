/** What a plain program does: one write per frame, waiting for `drain` when the socket says so. */
import { once } from "node:events";
import type { Socket } from "node:net";

export async function writePerFrame(socket: Socket, payloads: readonly Uint8Array[]): Promise<void> {
  for (const payload of payloads) {
    const frame = Buffer.allocUnsafe(8 + payload.length);
    frame.writeUInt32BE(0, 0);
    frame.writeUInt32BE(payload.length, 4);
    frame.set(payload, 8);
    if (!socket.write(frame)) await once(socket, "drain");
  }
}

/** Ends a TCP socket with a reset in place of an end. */
import type { Socket } from "node:net";

/** A socket that is being connected is reset as soon as it is; one that nobody connects is closed without a word. */
export function resetSocket(socket: Socket): void {
  if (socket.pending && !socket.connecting) socket.destroy();
  else if (!socket.destroyed) socket.resetAndDestroy();
}

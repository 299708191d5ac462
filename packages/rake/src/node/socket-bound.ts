/** Bounds the sockets of each address (R42), those too that the machine is not told of: their TLS handshake goes on, or they linger. */
import type { Server, Socket } from "node:net";
import { AddressCounts } from "../core/address-counts.js";
import { countedAddress } from "./address.js";

/** One that is more is destroyed, without a word. */
export function boundSockets(server: Server, mostPerAddress: number): void {
  const counts = new AddressCounts();
  let last = 0;
  server.on("connection", (socket: Socket) => {
    const address = countedAddress(socket.remoteAddress ?? "");
    if (counts.count(address) >= mostPerAddress) return void socket.destroy();
    const id = ++last;
    counts.add(id, address);
    socket.once("close", () => counts.remove(id));
  });
}

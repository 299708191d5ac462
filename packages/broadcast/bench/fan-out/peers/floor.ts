/** The floor: a server that copies each chunk of the publisher to every subscriber, and waits for those that are full. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { MESSAGE_BYTES, type Peer } from "../peer.js";

const HEADER_BYTES = 8;

const port = (address: string): number => Number(address);

export const floor: Peer = {
  async serve() {
    const subscribers = new Set<Socket>();
    const server = createServer({ noDelay: true }, (socket) => {
      socket.on("error", () => {});
      socket.once("data", (first: Buffer) => {
        if (first[0] === 1) {
          subscribers.add(socket);
          socket.once("close", () => subscribers.delete(socket));
          socket.write(first.subarray(0, 1)); // it hears everything from now on
        } else {
          socket.write(first.subarray(0, 1));
          socket.on("data", (chunk) => copy(socket, chunk));
        }
      });
    }).listen(0, "127.0.0.1");
    const copy = (from: Socket, chunk: Buffer): void => {
      let full = 0;
      for (const socket of subscribers) {
        if (socket.write(chunk)) continue;
        full++;
        socket.once("drain", () => {
          full--;
          if (full === 0) from.resume();
        });
      }
      if (full > 0) from.pause();
    };
    await once(server, "listening");
    return String((server.address() as AddressInfo).port);
  },

  async subscribe(address, tally) {
    const socket = connect(port(address), "127.0.0.1").setNoDelay(true);
    await once(socket, "connect");
    socket.write(Uint8Array.of(1));
    await once(socket, "data");
    socket.on("data", (chunk: Buffer) => tally.raw(chunk, HEADER_BYTES));
  },

  async publisher(address) {
    const socket = connect(port(address), "127.0.0.1").setNoDelay(true);
    await once(socket, "connect");
    socket.write(Uint8Array.of(2));
    await once(socket, "data");
    return async (payloads) => {
      const perWrite = 256;
      for (let at = 0; at < payloads.length; at += perWrite) {
        const part = payloads.slice(at, at + perWrite);
        const bytes = Buffer.alloc(part.length * (HEADER_BYTES + MESSAGE_BYTES));
        part.forEach((one, index) => {
          const start = index * (HEADER_BYTES + MESSAGE_BYTES);
          bytes.writeUInt32BE(MESSAGE_BYTES, start + 4);
          bytes.set(one, start + HEADER_BYTES);
        });
        if (!socket.write(bytes)) await once(socket, "drain");
      }
    };
  },
};

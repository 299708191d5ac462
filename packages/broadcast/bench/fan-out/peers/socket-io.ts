/** socket.io over WebSocket: a room to which each message is emitted, the publisher held back by acknowledgements. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import { io, type Socket } from "socket.io-client";
import type { Peer } from "../peer.js";

const WINDOW = 2_048;

async function open(address: string): Promise<Socket> {
  const socket = io(address, { transports: ["websocket"], forceNew: true });
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  return socket;
}

export const socketIo: Peer = {
  async serve() {
    const http = createServer();
    const server = new Server(http, { perMessageDeflate: false, transports: ["websocket"] });
    server.on("connection", (socket) => {
      socket.on("subscribe", (answer: () => void) => {
        void socket.join("main");
        answer();
      });
      socket.on("publish", (data: Buffer, answer?: () => void) => {
        server.to("main").emit("message", data);
        answer?.();
      });
    });
    http.listen(0, "127.0.0.1");
    await once(http, "listening");
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  },

  async subscribe(address, tally) {
    const socket = await open(address);
    socket.on("message", (data: Uint8Array) => tally.message(data));
    await socket.emitWithAck("subscribe");
  },

  async publisher(address) {
    const socket = await open(address);
    return async (payloads) => {
      for (const [index, one] of payloads.entries()) {
        if (index % WINDOW === WINDOW - 1) await socket.emitWithAck("publish", one);
        else socket.emit("publish", one);
      }
    };
  },
};

/** ws: a server that sends each message to every client, as its own documentation shows. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { Peer } from "../peer.js";

/** Messages that the server may have on their way; it says so to the publisher, since a WebSocket has no other brake. */
const WINDOW = 2_048;

export const webSocket: Peer = {
  async serve() {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
    server.on("connection", (socket, { url }) => {
      if (url !== "/publish") return;
      let seen = 0;
      socket.on("message", (data, isBinary) => {
        for (const client of server.clients) {
          if (client !== socket && client.readyState === WebSocket.OPEN) client.send(data, { binary: isBinary });
        }
        seen++;
        if (seen % WINDOW === 0) whenSent(server, () => socket.send("go on"));
      });
    });
    await once(server, "listening");
    return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  },

  async subscribe(address, tally) {
    const socket = new WebSocket(address, { perMessageDeflate: false });
    await once(socket, "open");
    socket.on("message", (data: Buffer) => tally.message(data));
  },

  async publisher(address) {
    const socket = new WebSocket(`${address}/publish`, { perMessageDeflate: false });
    await once(socket, "open");
    return async (payloads) => {
      for (let at = 0; at < payloads.length; at += WINDOW) {
        const part = payloads.slice(at, at + WINDOW);
        const answered = part.length === WINDOW ? once(socket, "message") : undefined;
        for (const one of part) socket.send(one);
        await answered;
      }
    };
  },
};

/** Calls back when little waits for any client. */
function whenSent(server: WebSocketServer, then: () => void): void {
  const waits = [...server.clients].some(({ bufferedAmount }) => bufferedAmount > 1024 * 1024);
  if (waits) setImmediate(() => whenSent(server, then));
  else then();
}

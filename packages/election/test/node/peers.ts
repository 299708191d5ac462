/** What connects to a node and is none: raw sockets that are closed when the test ends. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { atTestEnd } from "../../../../test/beside.js";
import { type Body, encodeMessage, framed, type Header, PayloadStream, settingsOf } from "../../src/core/index.js";
import { quick } from "./nodes.js";

/** A raw connection to an address. */
export async function dial(address: string): Promise<Socket> {
  const [host = "", port] = address.split(":");
  const socket = connect({ host, port: Number(port) });
  socket.on("error", () => {});
  atTestEnd(() => {
    socket.destroy();
  });
  await once(socket, "connect");
  return socket.resume(); // otherwise nobody is told that it was closed
}

export interface FakeServer {
  readonly address: string;
  /** Every connection so far. */
  readonly sockets: readonly Socket[];
}

/** Listens where a node might, and does with connections whatever it is told. */
export async function fakeServer(treat: (socket: Socket) => void): Promise<FakeServer> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => {});
    treat(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  atTestEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { address: `127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}

/** Of a node in available mode with the times of `quick`. */
const settings = settingsOf({ mode: "available", leaseMs: quick.leaseMs, promiseFactor: 1.1, members: [] });

/** A message of a node of cluster `lab`, framed. */
export function message(sender: string, body: Body, header: Partial<Header> = {}): Uint8Array {
  const full = { epoch: 0, incarnation: "00112233aabbccdd", settings, cluster: "lab", sender, ...header };
  return framed(encodeMessage({ header: full, body }));
}

/** The first payload that comes on a connection. */
export async function firstPayload(socket: Socket): Promise<Uint8Array> {
  const stream = new PayloadStream();
  return await new Promise((resolve, reject) => {
    socket.on("data", (chunk) => {
      const [payload] = stream.push(chunk);
      if (payload !== undefined) resolve(payload);
    });
    socket.once("close", () => reject(new Error("the connection was closed")));
  });
}

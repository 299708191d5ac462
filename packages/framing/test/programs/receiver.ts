/**
 * A server in a process of its own, whose memory a test measures. First argument: `framed` reads with a FramedSocket,
 * `trusting` takes the memory that a header announces, `eager` reads whether or not anyone consumes. Second argument:
 * how many frames it consumes per connection before it stops consuming (and only holds the connection open).
 * Prints `heard from <n>` when it has dealt with the first bytes of the nth peer; answers its peak memory in MiB on its
 * control port.
 */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { FramedSocket } from "../../src/index.js";

const [mode = "", consumed = "0"] = process.argv.slice(2);
const kept: unknown[] = [];
let peers = 0;

const modes: Record<string, (socket: Socket) => void> = {
  framed: async (socket) => {
    const framed = new FramedSocket(socket, { maxFrameBytes: 2 ** 30 });
    for (let count = 0; count < Number(consumed); count++) await framed.read();
    kept.push(framed);
  },
  trusting: (socket) => {
    socket.once("data", (chunk) => void kept.push(Buffer.alloc(Number(chunk.readBigUInt64BE()), 1)));
  },
  eager: (socket) => {
    socket.on("data", (chunk) => void kept.push(chunk));
  },
};

const server = createServer((socket) => {
  socket.on("error", () => {});
  modes[mode]?.(socket);
  socket.once("data", () => console.log(`heard from ${++peers}`)); // after the mode has dealt with it
});
const control = createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", () => void socket.end(String(process.resourceUsage().maxRSS / 1024)));
});
server.listen(0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
  control.listen(0, "127.0.0.1", () => console.log(`control on ${(control.address() as AddressInfo).port}`));
});

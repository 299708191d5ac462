/** Collects records over TCP, a frame each: `pnpm start [PORT]`. Ctrl-C ends it. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { FramedSocket, FramingError } from "@lab/framing";
import { Tally } from "./tally.js";

/** No record is longer: who announces more is sent away before memory is taken for it. */
const MAX_RECORD_BYTES = 65_536;
const MAX_CONNECTIONS = 100;
/** Who says nothing for so long is sent away. */
const IDLE_MS = 60_000;

const [port = "19600"] = process.argv.slice(2);
if (!/^\d+$/.test(port)) {
  console.error("usage: pnpm start [PORT]; PORT is a number, 0 for a free one, 19600 by default");
  process.exit(2);
}

const all = new Tally();
const sockets = new Set<Socket>();
const server = createServer((socket) => {
  sockets.add(socket.once("close", () => sockets.delete(socket)));
  socket.setTimeout(IDLE_MS, () => socket.destroy(new Error(`silent for ${IDLE_MS / 1_000} s`)));
  void collect(socket);
});
server.maxConnections = MAX_CONNECTIONS;
server.listen(Number(port), "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${(server.address() as AddressInfo).port}`);
});

async function collect(socket: Socket): Promise<void> {
  const peer = `${socket.remoteAddress}:${socket.remotePort}`;
  const own = new Tally();
  await using framed = new FramedSocket(socket, { maxFrameBytes: MAX_RECORD_BYTES });
  try {
    for await (const record of framed) {
      own.add(record);
      all.add(record);
    }
    console.log(`${peer} has sent ${own}`);
  } catch (error) {
    // What came before is whole; the peer, or what is between, is to blame, and nobody else is hurt.
    const { message } = error as Error;
    console.log(
      `${peer} is sent away (${error instanceof FramingError ? error.code : "CONNECTION"}): ${message}; before: ${own}`,
    );
    socket.destroy();
  }
}

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    server.close(() => console.log(`\nall: ${all}`));
    for (const socket of sockets) socket.destroy();
  });
}

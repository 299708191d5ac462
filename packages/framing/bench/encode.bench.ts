/** Encoding to bytes, and through a socket. 16 B frames. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { built } from "../../../bench/built.js";
import { digestOfBytes } from "../../../bench/digest.js";
import { type Contender, perCpuSecond, perSecond, type Row } from "../../../bench/row.js";
import { type RunningProcess, startTypeScript } from "../../../test/process.js";
import { bars } from "./bars.js";
import { payloads } from "./corpus.js";
import { slabLoop } from "./floors/slab-loop.js";
import { writePerFrame } from "./floors/write-per-frame.js";

const { encodeFrames, FramedSocket } = await built<typeof import("../src/index.js")>("framing");

const all = payloads(1_000_000, 16);
const few = all.slice(0, 5_000);

function toBytes(encode: (payloads: readonly Uint8Array[]) => Uint8Array[]): Contender {
  return {
    output: () => digestOfBytes(encode(few)),
    measure: (smoke) => {
      const some = smoke ? few : all;
      return perCpuSecond(some.length, () => encode(some));
    },
  };
}

type Write = (socket: Socket, payloads: readonly Uint8Array[]) => Promise<void>;

/** Wall time until the peer, a process of its own, has read and acknowledged everything. */
function toSocket(write: Write, count: number): Contender {
  let sink: RunningProcess | undefined;
  const send = async (port: number, some: readonly Uint8Array[]): Promise<void> => {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    await write(socket, some);
    if (!socket.writableEnded) socket.end();
    if (!socket.destroyed) await once(socket.resume(), "close");
  };
  return {
    prepare: () => {
      sink = startTypeScript(new URL("./sink.ts", import.meta.url));
    },
    output: async () => {
      const hash = createHash("sha256");
      const server = createServer((socket) => void socket.on("data", (chunk) => hash.update(chunk)));
      await once(server.listen(0, "127.0.0.1"), "listening");
      await send((server.address() as AddressInfo).port, few);
      await once(server.close(), "close");
      return hash.digest("hex");
    },
    measure: async (smoke) => {
      const some = smoke ? few : all.slice(0, count);
      const port = await sink?.port();
      if (port === undefined) throw new Error("the sink was not started");
      return await perSecond(some.length, () => send(port, some));
    },
    close: async () => {
      await sink?.[Symbol.asyncDispose]();
    },
  };
}

const writeEach: Write = async (socket, some) => {
  const framed = new FramedSocket(socket);
  for (const payload of some) await framed.write(payload);
  await framed.end();
};
const writeMany: Write = async (socket, some) => {
  const framed = new FramedSocket(socket);
  await framed.writeMany(some);
  await framed.end();
};

const socketRow = { unit: "frames/s", direction: "at least", barOn: "value", bar: bars.F26.bar } as const;
export const rows: readonly Row[] = [
  {
    what: "framing: encode to bytes, 16 B",
    unit: "frames/CPU s",
    direction: "at least",
    bar: bars.F25.bar,
    rounds: 21,
    floor: toBytes(slabLoop),
    ours: toBytes((some) => encodeFrames(some)),
  },
  {
    ...socketRow,
    what: "framing: socket writer, writeMany(), 16 B, against one write per frame",
    floor: toSocket(writePerFrame, 100_000),
    ours: toSocket(writeMany, all.length),
  },
  {
    ...socketRow,
    what: "framing: socket writer, await write() each, 16 B, against one write per frame",
    floor: toSocket(writePerFrame, 100_000),
    ours: toSocket(writeEach, all.length),
  },
];

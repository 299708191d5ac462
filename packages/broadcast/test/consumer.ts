/** A program that uses the published package: type-checked under both resolutions, and run. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as joinPath } from "node:path";
import {
  type BroadcastServer,
  type Delivered,
  type JoinOptions,
  join,
  type Log,
  type Notice,
  type Position,
  type Room,
  serve,
} from "@lab/broadcast";
import { decode, encode, type Message, printable } from "@lab/broadcast/core";
import { levelLog } from "@lab/broadcast/level";
import { ServerMetrics } from "@lab/broadcast/metrics";
import { natsLog } from "@lab/broadcast/nats";
import { redisLog } from "@lab/broadcast/redis";

const folder = mkdtempSync(joinPath(tmpdir(), "broadcast-consumer-"));
const log: Log = levelLog({ folder, durability: "fsync" });
const server: BroadcastServer = await serve({ log });
const metrics = new ServerMetrics(server);
const common: JoinOptions = { address: server.address, name: "ana", start: "all", entries: "all" };
const heard: Delivered[] = [];
const notices: Notice[] = [];
let position: Position | undefined;
const ben: Room = await join({
  ...common,
  name: "ben",
  handler: (entry) => void heard.push(entry),
  savePosition: (at) => {
    position = at;
  },
});
ben.on("membership", (notice) => notices.push(notice));
const ana = await join(common);
const numbers = await ana.publishAll(["one", new Uint8Array([0x32])]);
const texts: string[] = [];
for await (const { kind, bytes } of ana) {
  if (kind === "message") texts.push(new TextDecoder().decode(bytes));
  if (texts.length === 2) break;
}
await ana.leave();
while (heard.length < 5) await new Promise(setImmediate);
const counted = await metrics.text();
await ben.leave();
await server.close();
await metrics[Symbol.asyncDispose]();
rmSync(folder, { recursive: true });

const kinds = heard.map(({ kind }) => kind).join();
if (numbers.join() !== "3,4" || texts.join() !== "one,2" || kinds !== "join,join,message,message,leave") {
  throw new Error(JSON.stringify({ numbers, texts, kinds }));
}
if (position === undefined || notices.length === 0) throw new Error(JSON.stringify({ position, notices }));
if (!counted.includes("broadcast_joins_total 2")) throw new Error(counted);

const frame = encode({ type: "ping", nonce: 7 });
const message: Message = decode(frame.subarray(8), "client");
if (message.type !== "ping" || message.nonce !== 7) throw new Error("the core does not answer");
if (printable("\x1b") !== "\\x1b") throw new Error("not printable");

// Not started.
const shared: readonly Log[] = [redisLog({ url: "redis://127.0.0.1:1" }), natsLog({ servers: "127.0.0.1:1" })];
if (shared.some(({ kind }) => kind !== "shared")) throw new Error("an engine is no shared log");

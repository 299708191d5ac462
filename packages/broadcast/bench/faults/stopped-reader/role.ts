/**
 * One process of a run: `role.ts server built|sources HISTORY_BYTES`, `role.ts publisher|readers|stopping built|sources ADDRESS SCHEDULE`,
 * or `role.ts control` and `role.ts control-load ADDRESS SCHEDULE`. The publisher begins at SIGUSR2.
 */
import { setTimeout as wait } from "node:timers/promises";
import { type From, library } from "../library.js";
import { control, controlLoad } from "./control.js";
import { Latencies } from "./latencies.js";
import { messageCount, parseSchedule, phaseOf, publishOnTime, readMessage } from "./schedule.js";

const [role = "", ...args] = process.argv.slice(2);
const from = args[0] as From;
const address = args[1] ?? "";
const schedule = parseSchedule(args.slice(2));
process.on("SIGTERM", () => process.exit(0));

const READERS = 3;

if (role === "server") await server(Number(args[1]));
else if (role === "publisher") await publisher();
else if (role === "readers") await readers();
else if (role === "stopping") await stopping();
else if (role === "control") console.log(`listening on 127.0.0.1:${await control()}`);
else await controlLoad(address, schedule);

async function server(historyBytes: number): Promise<void> {
  const { serve } = await library(from);
  const { address: listens } = await serve({ historyBytes, historyMessages: 1_000_000 });
  console.log(`listening on ${listens}`);
}

async function publisher(): Promise<void> {
  const { join } = await library(from);
  const room = await join({ address, name: "publisher", echo: false, handler: () => {} });
  process.once("SIGUSR2", async () => {
    const settled: Promise<unknown>[] = [];
    await publishOnTime(schedule, (one) => settled.push(room.publish(one)));
    await Promise.all(settled);
    console.log("published");
  });
  console.log("ready");
}

/** Those who go on reading: how late each message is, and how long none comes. */
async function readers(): Promise<void> {
  const { join } = await library(from);
  const last = messageCount(schedule) - 1;
  const all = Array.from({ length: READERS }, () => new Latencies());
  let waitsFor = READERS;
  for (const latencies of all) {
    await join({
      address,
      name: "reader",
      handler: ({ bytes }) => {
        const { index, latencyMs } = readMessage(bytes);
        latencies.heard(index, phaseOf(schedule, index), latencyMs, performance.now());
        if (index === last && --waitsFor === 0) console.log(`result ${JSON.stringify(Latencies.summary(all))}`);
      },
    });
  }
  console.log("ready");
}

/** The one that stops: what it was given, and what it was told that it will not be given. */
async function stopping(): Promise<void> {
  const { join } = await library(from);
  const last = messageCount(schedule) - 1;
  let first = 0;
  let got = 0;
  let told = 0;
  let head = 0;
  let held = 0;
  let hasStopped = false;
  const room = await join({
    address,
    name: "stopping",
    entries: "all",
    // Else it would read into its own memory for a while.
    maxQueuedBytes: 65_536,
    handler: async ({ kind, bytes, number }) => {
      if (first === 0) first = number;
      got++;
      if (kind !== "message") return;
      const { index } = readMessage(bytes);
      if (!hasStopped && phaseOf(schedule, index) !== "before") {
        hasStopped = true;
        console.log("stopped");
        await wait(schedule.stoppedMs);
        console.log("reads again");
      }
      if (index === last) console.log(`result ${JSON.stringify({ got, told, all: number - first + 1, held })}`);
    },
    onNotice: (notice) => {
      if (notice.type === "welcome") head = notice.head;
      if (notice.type !== "gap") return;
      told += notice.to - notice.from + 1;
      held = head - notice.to;
    },
  });
  void room.ended;
  console.log("ready");
}

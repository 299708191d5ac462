/** A run: server, publisher, readers and the one that stops are processes of their own; the memory of the server is looked at from outside. */
import { readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { type RunningProcess, startTypeScript } from "../../../../../test/process.js";
import { type From, type StartProgram, startSource } from "../library.js";
import type { ReadersSummary } from "./latencies.js";
import { MESSAGE_BYTES, type Schedule, scheduleArgs } from "./schedule.js";

export const role: URL = new URL("./role.ts", import.meta.url);
const LOOK_EVERY_MS = 100;
/** Kind, member, client seq and length of an entry. */
const ENTRY_BYTES: number = 17 + MESSAGE_BYTES;

export interface StoppedReaderResult {
  readonly readers: ReadersSummary;
  /** Entries that the one that stopped was given, was told that it misses, and all that there were for it. */
  readonly got: number;
  readonly told: number;
  readonly all: number;
  /** Bytes of entries that it was still given of those that the history held when it came back; 0: it missed nothing. */
  readonly heldBytes: number;
  readonly growthBytes: number;
}

export async function stoppedReader(
  from: From,
  schedule: Schedule,
  historyBytes: number,
  startProgram: StartProgram = startSource,
): Promise<StoppedReaderResult> {
  await using server = startProgram(role, ["server", from, String(historyBytes)]);
  const address = `127.0.0.1:${await server.port()}`;
  const args = [from, address, ...scheduleArgs(schedule)];
  await using readers = startProgram(role, ["readers", ...args]);
  await using stopping = startProgram(role, ["stopping", ...args]);
  await using publisher = startProgram(role, ["publisher", ...args]);
  await Promise.all([readers, stopping, publisher].map((one) => one.line(/^ready$/)));
  publisher.signal("SIGUSR2");
  const growthBytes = await growth(server, stopping, readers.line(/^result /));
  const [heard, told] = await Promise.all([readers, stopping].map((one) => one.line(/^result (.*)$/)));
  const { held, ...counts } = JSON.parse(told?.[1] ?? "") as { got: number; told: number; all: number; held: number };
  return { readers: JSON.parse(heard?.[1] ?? ""), ...counts, heldBytes: held * ENTRY_BYTES, growthBytes };
}

/** The same load on a server that keeps what a reader leaves: how much its memory grows. */
export async function controlGrowth(schedule: Schedule): Promise<number> {
  await using server = startTypeScript(role, ["control"]);
  const args = ["control-load", "", `127.0.0.1:${await server.port()}`, ...scheduleArgs(schedule)];
  await using load = startTypeScript(role, args);
  await load.line(/^ready$/);
  load.signal("SIGUSR2");
  return await growth(server, load, load.line(/^published$/));
}

/** By how much the server's memory is, at most, above what it was when the one that stops did so, until all is over. */
async function growth(server: RunningProcess, stopping: RunningProcess, over: Promise<unknown>): Promise<number> {
  await stopping.line(/^stopped$/);
  const before = residentBytes(server.pid);
  let most = before;
  const state = { isOver: false };
  const ended = over.finally(() => {
    state.isOver = true;
  });
  while (!state.isOver) {
    most = Math.max(most, residentBytes(server.pid));
    await wait(LOOK_EVERY_MS);
  }
  await ended;
  return most - before;
}

/** As Linux tells it. */
function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return 1_024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1]);
}

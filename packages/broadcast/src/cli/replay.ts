/** `broadcast replay`: what the history of a room holds, from a server or from the folder of one. */
import type { Command } from "commander";
import type { Delivered, Notice } from "../core/client-contract.js";
import { addClientOptions, type ClientFlags, clientOptions } from "./client-flags.js";
import { entryJson, noticeJson } from "./entry-json.js";
import { entryLine, noticeLine, type ShownEntry } from "./entry-words.js";
import { usageError, warn } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";
import { reach } from "./reach.js";
import { aborted, stopSignal } from "./signals.js";

interface ReplayFlags extends ClientFlags {
  readonly from?: number;
  readonly log?: string;
  readonly json?: true;
}

const EXAMPLES = `
  broadcast replay
  broadcast replay --room maths --from 100 --json
  broadcast replay --log ./log          without a server; a copy is read, and one that runs is not disturbed

It ends with the number that was the newest when it began.`;

export function addReplayCommand(program: Command): void {
  const command = program
    .command("replay")
    .summary("print what the history of a room holds")
    .description("Print the entries of a room from the oldest that is held to the newest, and end.");
  addClientOptions(command)
    .option("--from <n>", "begin with this number", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--log <dir>", "read the folder of a server's durable log instead of asking a server")
    .option("--json", "a line of JSON per entry, as of tail")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ReplayFlags, self: Command) => {
      if (flags.log === undefined) return await replayServer(flags);
      for (const option of ["address", "secretFile", "tls", "tlsCa"]) {
        if (self.getOptionValueSource(option) !== "cli") continue;
        throw usageError("--log reads a folder and asks no server: it goes with --room, --from and --json alone");
      }
      await replayFolder(flags.log, flags);
    });
}

function write(line: string | undefined): void {
  if (line !== undefined) process.stdout.write(`${line}\n`);
}

function lineOf(entry: ShownEntry, { json }: ReplayFlags): string {
  return json === true ? entryJson(entry) : entryLine(entry, true);
}

async function replayServer(flags: ReplayFlags): Promise<void> {
  const { signal } = stopSignal();
  let head = 0;
  let isIn = false;
  let end: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const passed = (number: number): void => {
    if (number >= head) end();
  };
  const handler = (entry: Delivered): void => {
    if (entry.number <= head && entry.number >= (flags.from ?? 1)) write(lineOf(entry, flags));
    passed(entry.number);
  };
  const onNotice = (notice: Notice): void => {
    if (notice.type === "welcome" && !isIn) {
      isIn = true;
      head = notice.head;
      warnOfNothing(flags.room, head, flags.from);
      passed(notice.resumeFrom - 1);
      return;
    }
    write(flags.json === true ? noticeJson(notice) : noticeLine(notice, false));
    if (notice.type === "gap") passed(notice.to);
    // What was to come is of an epoch that has ended.
    if (notice.type === "epoch") end();
  };
  // From the oldest on: names stand in joins, which may be far before the first that is printed.
  const options = { ...clientOptions(flags), start: "all", observer: true, entries: "all", handler, onNotice } as const;
  const room = await reach(options, signal);
  if (room === undefined) return;
  await Promise.race([ended, room.ended, aborted(signal)]);
  await room.close();
}

/** Who sees nothing is told why. */
function warnOfNothing(room: string, head: number, from = 1): void {
  if (head === 0) warn(`the room ${room} is empty: nothing was ever said there`);
  else if (from > head) warn(`--from ${from} is behind the end: the newest number of ${room} is ${head}`);
}

async function replayFolder(folder: string, flags: ReplayFlags): Promise<void> {
  // Loaded here, so that the other commands do not wait for it.
  const { storedEntries } = await import("./stored-room.js");
  const entries = await storedEntries(folder, flags.room);
  warnOfNothing(flags.room, entries.at(-1)?.number ?? 0, flags.from);
  for (const entry of entries) {
    if (entry.number >= (flags.from ?? 1)) write(lineOf(entry, flags));
  }
}

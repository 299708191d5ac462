/** `broadcast tail`: what happens in a room, seen by one who is not in it. */
import type { Command } from "commander";
import type { Delivered, Notice } from "../core/client-contract.js";
import {
  addClientOptions,
  type ClientFlags,
  checkStart,
  clientOptions,
  type StartFlags,
  startOptions,
} from "./client-flags.js";
import { entryJson, noticeJson } from "./entry-json.js";
import { warn } from "./exit-codes.js";
import { wholeNumber } from "./numbers.js";
import { reach } from "./reach.js";
import { ShownRoom } from "./shown-room.js";
import { aborted, stopSignal } from "./signals.js";

interface TailFlags extends ClientFlags, StartFlags {
  readonly json?: true;
}

const EXAMPLES = `
  broadcast tail --all
  broadcast tail --room maths --json | jq -r 'select(.type == "message") | .text'

With --json each line is an object with \`type\`: of entries message, join, leave or marker, with number, member, name and text (base64
where it is no UTF-8); of what befalls the reader welcome, gap, epoch, lag or disconnected.`;

export function addTailCommand(program: Command): void {
  const command = program
    .command("tail")
    .summary("read a room without joining it")
    .description("Show what happens in a room until Ctrl-C, as an observer: nobody there sees it.");
  addClientOptions(command)
    .option("--all", "begin with everything that the history holds")
    .option("--from <n>", "begin with this number", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--json", "a line of JSON per entry")
    .addHelpText("after", EXAMPLES)
    .action(tail);
}

async function tail(flags: TailFlags): Promise<void> {
  checkStart(flags);
  const { signal } = stopSignal();
  const write = (line: string): void => void process.stdout.write(`${line}\n`);
  const shown = new ShownRoom({ numbers: true, acknowledgements: false });
  const inWords = {
    handler: (entry: Delivered) => shown.entry(entry),
    onNotice: (notice: Notice) => shown.notice(notice),
  };
  const inJson = {
    handler: (entry: Delivered) => write(entryJson(entry)),
    onNotice: (notice: Notice) => {
      const line = noticeJson(notice);
      if (line !== undefined) write(line);
    },
  };
  let isFirst = true;
  const warnOnce = (notice: Notice): void => {
    if (notice.type !== "welcome" || !isFirst) return;
    isFirst = false;
    const { from = 1 } = flags;
    if (notice.head === 0) warn(`the room ${flags.room} is empty: nothing was ever said there; what comes is shown`);
    else if (from > notice.head + 1)
      warn(
        `--from ${from} is behind the end: the newest number of ${flags.room} is ${notice.head}, and what comes is shown from ${notice.resumeFrom} on`,
      );
  };
  const shows = flags.json === true ? inJson : inWords;
  const onNotice = (notice: Notice): void => {
    warnOnce(notice);
    shows.onNotice(notice);
  };
  const room = await reach(
    {
      ...clientOptions(flags),
      ...startOptions(flags),
      observer: true,
      entries: "all",
      handler: shows.handler,
      onNotice,
    },
    signal,
  );
  if (room === undefined) return;
  shown.begin(write);
  await Promise.race([room.ended, aborted(signal)]);
  await room.close();
}

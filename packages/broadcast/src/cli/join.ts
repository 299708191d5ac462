/** `broadcast join`: a chat; what is typed or piped is said, and what the others say is shown. */
import type { Command } from "commander";
import type { Delivered, Notice, Position } from "../core/client-contract.js";
import { printable } from "../core/printable.js";
import type { Room } from "../node/client.js";
import { type ChatScreen, PipeScreen, TerminalScreen } from "./chat-screen.js";
import {
  addClientOptions,
  type ClientFlags,
  checkStart,
  clientOptions,
  memberName,
  type StartFlags,
  startOptions,
} from "./client-flags.js";
import { EXIT, warn } from "./exit-codes.js";
import { LinePublisher } from "./line-publisher.js";
import { wholeNumber } from "./numbers.js";
import { PositionFile } from "./position-file.js";
import { reach } from "./reach.js";
import { memberNames, ShownRoom } from "./shown-room.js";
import { aborted, stopSignal } from "./signals.js";
import { UnsureLines } from "./unsure-lines.js";

interface JoinFlags extends ClientFlags, StartFlags {
  readonly name: string;
  readonly showOrder?: true;
  readonly position?: string;
  readonly window?: number;
}

/** How long what was typed may still take to be acknowledged when Ctrl-C is pressed. */
const LEAVE_MS = 2_000;

const EXAMPLES = `
  broadcast join --name ana                                       in another terminal: --name ben
  broadcast join --name ana --room maths --all --show-order
  printf 'one\\ntwo\\n' | broadcast join --name ana               says both, and leaves when all is acknowledged

A line that begins with < is a message, one with * tells of something else. With --show-order each entry has its number, and ACKs,
PUBACKs and how far all have acknowledged (stable) are shown. Ctrl-C and Ctrl-D leave the room.`;

export function addJoinCommand(program: Command): void {
  const command = program
    .command("join")
    .summary("join a room, as in a chat")
    .description(
      "Join a room: lines of standard input are said there, and what everybody says is shown, in one order for all.",
    )
    .requiredOption("--name <name>", "what the others see; need not be unique", memberName);
  addClientOptions(command)
    .option("--show-order", "show order numbers, ACKs, PUBACKs and what is stable")
    .option("--all", "begin with everything that the history holds")
    .option("--from <n>", "begin with this number", wholeNumber(1, Number.MAX_SAFE_INTEGER))
    .option("--position <file>", "go on where the file says, and keep there where this member stands")
    .option(
      "--window <n>",
      "unacknowledged entries at most; 1 is stop-and-wait (default: 16384)",
      wholeNumber(1, 1_000_000),
    )
    .addHelpText("after", EXAMPLES)
    .action(chat);
}

async function chat(flags: JoinFlags): Promise<void> {
  checkStart(flags);
  const { name, window, position, showOrder = false } = flags;
  const { signal } = stopSignal();
  const shown = new ShownRoom({ numbers: showOrder, acknowledgements: showOrder });
  const file = position === undefined ? undefined : new PositionFile(position, flags.room);
  file?.check();
  const options = {
    ...clientOptions(flags),
    ...startOptions(flags),
    ...(window !== undefined && { window }),
    ...(file !== undefined && { loadPosition: () => file.load(), savePosition: (at: Position) => file.save(at) }),
    name,
    stable: showOrder,
    entries: "all",
    handler: (entry: Delivered) => shown.entry(entry),
    onNotice: (notice: Notice) => shown.notice(notice),
  } as const;
  const room = await reach(options, signal);
  if (room === undefined) return;
  const interrupt = new AbortController();
  const isTerminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
  const screen = isTerminal
    ? new TerminalScreen(process.stdin, process.stdout, `${name}> `, () => interrupt.abort())
    : new PipeScreen(process.stdin, process.stdout);
  try {
    shown.begin((line) => screen.show(line), firstLine(room, shown.head));
    await Promise.race([
      room.ended,
      aborted(signal),
      aborted(interrupt.signal),
      sayAll(room, screen, shown, showOrder),
    ]);
    await room.leave({ waitMs: LEAVE_MS });
    await room.ended; // an error that ended it meanwhile is one
  } finally {
    screen.close();
    process.stdin.destroy();
  }
}

function firstLine(room: Room, head: number): string {
  const who = `${printable(room.name)} is member ${room.member}`;
  return `* ${who} of ${printable(room.room)}, its newest number is ${head}; in the room: ${memberNames(room.members())}`;
}

/** Says everything that the screen has; resolves when all of it is acknowledged, and was shown with what came before. */
async function sayAll(room: Room, screen: ChatScreen, shown: ShownRoom, showsOrder: boolean): Promise<void> {
  const { epochs } = shown;
  const unsure = new UnsureLines("line", (words) => {
    if (process.stdout.isTTY === true) shown.show(`* ${printable(words)}`);
    else warn(words);
  });
  const publisher = new LinePublisher(room, {
    published: (number) => {
      if (showsOrder) shown.show(`* PUBACK: the message has number ${number}`);
    },
    failed: (line, position, error) => {
      process.exitCode = EXIT.failed;
      unsure.add(line, position, error);
    },
  });
  for await (const line of screen.lines()) await publisher.publish(line);
  await publisher.settled();
  if (shown.epochs === epochs) await shown.reached(Math.max(shown.head, publisher.last));
}

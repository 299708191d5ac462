/** `broadcast publish`: says something in a room, prints the numbers, and leaves. */
import { userInfo } from "node:os";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import type { Notice } from "../core/client-contract.js";
import { printableJson } from "../core/printable.js";
import { MAX_NAME_BYTES, textFault } from "../core/text-rules.js";
import { addClientOptions, type ClientFlags, clientOptions, memberName } from "./client-flags.js";
import { EXIT, usageError, warn } from "./exit-codes.js";
import { watchText } from "./input-text.js";
import { LinePublisher } from "./line-publisher.js";
import { LostConnection } from "./lost-connection.js";
import { wholeNumber } from "./numbers.js";
import { reach } from "./reach.js";
import { aborted, stopSignal } from "./signals.js";
import { UnsureLines } from "./unsure-lines.js";

interface PublishFlags extends ClientFlags {
  readonly name?: string;
  readonly waitMs?: number;
  readonly json?: true;
}

const EXAMPLES = `
  broadcast publish "class begins at ten"          prints the number that it has in the room
  broadcast publish --room maths one two three     three messages, three numbers
  seq 1000 | broadcast publish -                   a message per line of standard input

It joins and leaves the room, which the others see; --name is its name there. Numbers are printed once the server has committed
the message. Where the fate of one is not known it says so on standard error, and ends with 1.

A connection that is lost is told on standard error, and tried again: without end, or until --wait-ms is over, which is code 3. What is
not published waits meanwhile.`;

export function addPublishCommand(program: Command): void {
  const command = program
    .command("publish")
    .summary("publish messages and print their numbers")
    .description(
      "Publish each TEXT as a message, or with - each line of standard input, print their order numbers, and leave.",
    )
    .argument("<text...>", "the messages; - for the lines of standard input")
    .option("--name <name>", "what the others see (default: the name of the user)", memberName);
  addClientOptions(command)
    .option(
      "--wait-ms <ms>",
      "how long to wait for a connection that was lost (default: without end)",
      wholeNumber(0, 2 ** 31 - 1),
    )
    .option("--json", "a line of JSON per message, with its number and text")
    .addHelpText("after", EXAMPLES)
    .action(publish);
}

async function publish(texts: readonly string[], flags: PublishFlags): Promise<void> {
  const isInput = texts.includes("-");
  if (isInput && texts.length > 1) throw usageError("- stands alone: it is the lines of standard input");
  const { signal } = stopSignal();
  const lost = new LostConnection(flags.address, flags.waitMs, (line) => process.stderr.write(`${line}\n`));
  const onNotice = (notice: Notice): void => lost.notice(notice);
  const options = { ...clientOptions(flags), name: flags.name ?? userName(), handler: () => {}, onNotice };
  const room = await reach(options, signal);
  if (room === undefined) throw new Error("interrupted before anything was published");
  const unsure = new UnsureLines(isInput ? "line" : "text", warn);
  const publisher = new LinePublisher(room, {
    published: (number, text) =>
      process.stdout.write(`${flags.json === true ? printableJson({ number, text }) : number}\n`),
    failed: (line, position, error) => {
      process.exitCode = EXIT.failed;
      unsure.add(line, position, error);
    },
  });
  let isDone = false;
  try {
    const lines = isInput ? createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }) : texts;
    if (isInput) watchText(process.stdin);
    const all = publishAll(publisher, lines, signal).then(() => {
      isDone = true;
    });
    await Promise.race([room.ended, aborted(signal), lost.forGood, all]);
  } finally {
    lost.stop();
    if (!isDone) {
      process.exitCode = EXIT.failed;
      const { count } = publisher;
      const rest = isInput ? `; nothing of the input behind line ${count} was published` : "";
      if (signal.aborted) warn(`stopped by ${signal.reason}${rest}`);
      else if (isInput) warn(`stopped${rest}`);
    }
    await room.leave({ waitMs: 0 });
    process.stdin.destroy();
  }
}

async function publishAll(
  publisher: LinePublisher,
  lines: AsyncIterable<string> | Iterable<string>,
  signal: AbortSignal,
): Promise<void> {
  for await (const line of lines) {
    if (signal.aborted) return;
    await publisher.publish(line);
  }
  await publisher.settled();
}

function userName(): string {
  try {
    const { username } = userInfo();
    if (textFault(username, 1, MAX_NAME_BYTES) === undefined) return username;
  } catch {
    // a user without a name
  }
  return "publisher";
}

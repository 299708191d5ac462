/** `broadcast publish`: says something in a room, prints the numbers, and leaves. */
import { userInfo } from "node:os";
import { createInterface } from "node:readline";
import type { Command } from "commander";
import { printableJson } from "../core/printable.js";
import { MAX_NAME_BYTES, textFault } from "../core/text-rules.js";
import type { Room } from "../node/client.js";
import { addClientOptions, type ClientFlags, clientOptions, memberName } from "./client-flags.js";
import { EXIT, usageError, warn } from "./exit-codes.js";
import { watchText } from "./input-text.js";
import { LinePublisher, shortened } from "./line-publisher.js";
import { reach } from "./reach.js";
import { aborted, stopSignal } from "./signals.js";

interface PublishFlags extends ClientFlags {
  readonly name?: string;
  readonly json?: true;
}

const EXAMPLES = `
  broadcast publish "class begins at ten"          prints the number that it has in the room
  broadcast publish --room maths one two three     three messages, three numbers
  seq 1000 | broadcast publish -                   a message per line of standard input

It joins and leaves the room, which the others see; --name is its name there. Numbers are printed once the server has committed
the message. Where the fate of one is not known it says so on standard error, and ends with 1.`;

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
    .option("--json", "a line of JSON per message, with its number and text")
    .addHelpText("after", EXAMPLES)
    .action(publish);
}

async function publish(texts: readonly string[], flags: PublishFlags): Promise<void> {
  const isInput = texts.includes("-");
  if (isInput && texts.length > 1) throw usageError("- stands alone: it is the lines of standard input");
  const { signal } = stopSignal();
  const options = { ...clientOptions(flags), name: flags.name ?? userName(), handler: () => {} };
  const room = await reach(options, signal);
  if (room === undefined) throw new Error("interrupted before anything was published");
  try {
    const lines = isInput ? createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }) : texts;
    if (isInput) watchText(process.stdin);
    const all = publishAll(room, lines, flags.json === true);
    const isDone = await Promise.race([room.ended, aborted(signal).then(() => false), all.then(() => true)]);
    if (isDone !== true) process.exitCode = EXIT.failed;
    await room.leave({ waitMs: 0 });
  } finally {
    process.stdin.destroy();
  }
}

async function publishAll(room: Room, lines: AsyncIterable<string> | Iterable<string>, isJson: boolean): Promise<void> {
  const publisher = new LinePublisher(room, {
    published: (number, text) => process.stdout.write(`${isJson ? printableJson({ number, text }) : number}\n`),
    failed: (line, error) => {
      process.exitCode = EXIT.failed;
      warn(`"${shortened(line)}": ${error.message}`);
    },
  });
  for await (const line of lines) await publisher.publish(line);
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

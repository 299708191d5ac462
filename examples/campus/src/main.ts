/** One node of a campus: `pnpm run node --id a ...`. A line that is typed asks for something: `build`, or of another `b: build`. */
import { createInterface } from "node:readline";
import type { Room } from "@lab/broadcast";
import { printable } from "@lab/broadcast/core";
import type { Desk } from "./desk.js";
import { newsText } from "./news.js";
import { runNode } from "./node.js";
import { nodeOptions, USAGE } from "./options.js";
import { printer } from "./output.js";
import { WHAT_CAN_BE_ASKED } from "./tasks.js";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
const { signal } = ending;
const { json, ...options } = optionsOrUsage();
const listener = printer(json, (line) => console.log(line));
const typed = createInterface({ input: process.stdin }).pause(); // until it is in the room
try {
  await runNode({ ...options, listener, signal }, (room, desk) => {
    if (!json) console.log(`type ${WHAT_CAN_BE_ASKED}; of another node with its name before it, as in b: build`);
    typed.on("line", (line) => void ask(room, desk, line).catch(listener.trouble)).resume();
  });
} catch (error) {
  if (!signal.aborted) {
    console.error(printable((error as Error).message));
    process.exitCode = 1;
  }
}
typed.close();
process.stdin.destroy();

/** @throws Error where there is nobody of that name in the room */
async function ask(room: Room, desk: Desk, line: string): Promise<void> {
  const [, at = options.id, words = ""] = /^(?:([\w-]+): *)?(.*)$/.exec(line.trim()) ?? [];
  if (at !== options.id) desk.server(at);
  if (words !== "") await room.publish(newsText({ news: "asks", at, words }));
}

function optionsOrUsage(): ReturnType<typeof nodeOptions> {
  try {
    return nodeOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

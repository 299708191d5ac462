/** One node of a campus: `pnpm run node --id a ...`. A line that is typed asks for something: `build`, or of another `b: build`. */
import { createInterface } from "node:readline";
import type { Room } from "@lab/broadcast";
import type { News } from "./news.js";
import { runNode } from "./node.js";
import { nodeOptions, USAGE } from "./options.js";
import { printer } from "./output.js";

const ending = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort());
const { signal } = ending;
const { json, ...options } = optionsOrUsage();
const listener = printer(json, (line) => console.log(line));
const typed = createInterface({ input: process.stdin });
try {
  await runNode({ ...options, listener, signal }, (room) => {
    typed.on("line", (line) => void ask(room, line).catch(listener.trouble));
  });
} catch (error) {
  if (!signal.aborted) {
    console.error((error as Error).message);
    process.exitCode = 1;
  }
}
typed.close();
process.stdin.destroy();

async function ask(room: Room, line: string): Promise<void> {
  const [, at = options.id, words = ""] = /^(?:([\w-]+): +)?(.*)$/.exec(line.trim()) ?? [];
  if (words !== "") await room.publish(JSON.stringify({ news: "asks", at, words } satisfies News));
}

function optionsOrUsage(): ReturnType<typeof nodeOptions> {
  try {
    return nodeOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${(error as Error).message}\n${USAGE}`);
    process.exit(2);
  }
}

/** A chat for a class: `pnpm start NAME [--address HOST:PORT] [--room ROOM] [--show-order]`. */
import { parseArgs } from "node:util";
import { printable } from "@lab/broadcast/core";
import { Chat } from "./chat.js";
import { Screen } from "./screen.js";
import { Words } from "./words.js";

const { name, address, rooms, showsOrder } = parseOptions();
const quit = new AbortController();
const quitted = new Promise<void>((resolve) => quit.signal.addEventListener("abort", () => resolve()));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => quit.abort());
process.stdout.on("error", () => process.exit(0)); // nobody reads on
const screen = new Screen(() => quit.abort());
const inColour = screen.isTerminal && process.env["NO_COLOR"] === undefined;
const chat = new Chat({
  address,
  name,
  showsOrder,
  words: new Words({ inColour, showsOrder }),
  show: (line) => screen.show(line),
  onRoom: (room) => screen.prompt(`${name} in ${room}> `),
});
try {
  await Promise.race([talk(), chat.failed, quitted]);
  await chat.leave();
} catch (error) {
  screen.close();
  console.error(printable((error as Error).message));
  process.exitCode = 1;
} finally {
  screen.close();
}

async function talk(): Promise<void> {
  for (const room of rooms) await chat.enter(room);
  for await (const line of screen.lines) if (!(await chat.obey(line))) return;
}

function parseOptions(): {
  readonly name: string;
  readonly address: string;
  readonly rooms: string[];
  readonly showsOrder: boolean;
} {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        address: { type: "string", default: "127.0.0.1:8081" },
        room: { type: "string", multiple: true, default: ["main"] },
        "show-order": { type: "boolean", default: false },
      },
    });
    const [own, ...more] = positionals;
    if (own === undefined || more.length > 0) throw new Error("there must be one NAME");
    return { name: own, address: values.address, rooms: values.room, showsOrder: values["show-order"] };
  } catch (error) {
    console.error((error as Error).message);
    console.error(
      "usage: pnpm start NAME [--address HOST:PORT, 127.0.0.1:8081] [--room ROOM, main; several times] [--show-order]",
    );
    process.exit(2);
  }
}

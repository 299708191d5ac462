/** Goes through a folder of an action, which may hold anything: without following links, as sure of names as of bytes. */
import { chmodSync, type Dir, lstatSync, opendirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";

export interface Found {
  /** Relative to the folder, `/` between names; undefined where a name is no UTF-8. */
  readonly path: string | undefined;
  /** Absolute. */
  readonly place: Buffer;
  readonly kind: "file" | "folder" | "link" | "other";
}

/** How long others wait for their turn at most: a folder that an action writes to meanwhile is slow to read. */
const TURN_MS = 10;
const utf8 = new TextDecoder("utf-8", { fatal: true });
const isRoot = process.getuid?.() === 0;

/** Every entry below a folder. What goes away meanwhile, and what cannot be entered, is left out. */
export async function* walk(folder: string): AsyncGenerator<Found> {
  const root = Buffer.from(folder).toString("latin1");
  // Names as Latin-1: one character for each byte, whatever the bytes are. Of those that wait the names alone are kept, since there may be
  // millions, and their paths are long where an action wants that.
  const waiting: { readonly above: string; readonly names: string[] }[] = [{ above: "", names: [root] }];
  let since = performance.now();
  const pass = async (): Promise<void> => {
    await turn();
    since = performance.now();
  };
  for (let next = waiting.at(-1); next !== undefined; next = waiting.at(-1)) {
    const name = next.names.pop();
    if (name === undefined) {
      waiting.pop();
      continue;
    }
    const above = next.above === "" ? name : `${next.above}/${name}`;
    // Here too: a folder may be empty.
    if (performance.now() - since > TURN_MS) await pass();
    const open = opened(bytesOf(above));
    if (open === undefined) continue;
    const names: string[] = [];
    waiting.push({ above, names });
    try {
      for (let entry = open.readSync(); entry !== null; entry = open.readSync()) {
        if (performance.now() - since > TURN_MS) await pass();
        const place = `${above}/${entry.name}`;
        const kind = entry.isFile()
          ? "file"
          : entry.isDirectory()
            ? "folder"
            : entry.isSymbolicLink()
              ? "link"
              : "other";
        yield { path: textOf(place.slice(root.length + 1)), place: bytesOf(place), kind };
        if (kind === "folder") names.push(entry.name);
      }
    } finally {
      open.closeSync();
    }
  }
}

/** A folder that its owner may not enter was closed by the action, which has our user where we are not root: it is opened. */
function opened(place: Buffer): Dir | undefined {
  try {
    if (!isRoot) {
      const { mode } = lstatSync(place);
      if ((mode & 0o700) !== 0o700) chmodSync(place, (mode & 0o777) | 0o700);
    }
    // The types know no Buffer here; Node does.
    return opendirSync(place as unknown as string, { encoding: "latin1" });
  } catch {
    return undefined;
  }
}

function bytesOf(latin1: string): Buffer {
  return Buffer.from(latin1, "latin1");
}

function textOf(latin1: string): string | undefined {
  try {
    return utf8.decode(bytesOf(latin1));
  } catch {
    return undefined;
  }
}

/** The entries of a room in the folder of a durable log, read without a server (docs/broadcast.md B27). */
import { EntryWalker, KIND } from "../core/entries.js";
import { BroadcastError } from "../core/errors.js";
import { recover } from "../core/recovery.js";
import { levelLog } from "../node/level/index.js";
import type { ShownEntry } from "./entry-words.js";
import { warn } from "./exit-codes.js";
import { withCopy } from "./folder-copy.js";

const text = new TextDecoder();

/** @throws BroadcastError `USAGE` where the folder is no log, `NO_ROOM` where it has no such room */
export async function storedEntries(folder: string, room: string): Promise<ShownEntry[]> {
  return await withCopy(folder, async (copy) => {
    const log = levelLog({ folder: copy });
    if (log.kind !== "durable") throw new Error("a log in a folder is durable");
    const { store } = log;
    await store.start();
    try {
      const stored = await store.open(room);
      if (stored.meta === undefined && stored.segments.length === 0) {
        throw new BroadcastError("NO_ROOM", `--log: ${folder} has no room ${room}`);
      }
      const { segments, byMember, damaged } = recover(stored, log.durability, 1);
      if (damaged) warn(`${folder}: something behind the last entry that is shown cannot be read`);
      const names = new Map([...byMember].map(([member, { name }]) => [member, name]));
      return segments.flatMap((segment) => entriesOf(segment.first, segment.entries, names));
    } finally {
      await store.close();
    }
  });
}

/** @param names of members; a join gives its member the name that it has from there on */
function entriesOf(first: number, bytes: Uint8Array, names: Map<number, string>): ShownEntry[] {
  const entries: ShownEntry[] = [];
  const walker = new EntryWalker().begin(bytes);
  for (let number = first; walker.next(); number++) {
    const { kind, member, bytes: content } = walker.entry();
    if (walker.kind === KIND.join) names.set(member, text.decode(content));
    entries.push({ number, kind, member, name: names.get(member) ?? "", bytes: content });
  }
  return entries;
}

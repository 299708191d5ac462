/** What the processes of an attempt hold of files that have no name any more: these take room, and no folder shows them (R42). */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { processesIn } from "./process-scan.js";

/** How long others wait for their turn at most. */
const TURN_MS = 10;
/** After so many looks all processes of the machine are looked through again: one may have lost the parent by which it was found. */
const LOOKS_PER_SCAN = 8;
/** A part of the memory that is no file of a disk. */
const MEMORY = /^\/(memfd:|SYSV|dev\/zero|dev\/shm)/;

export class HeldFiles {
  readonly #folder: string;
  #roots: readonly number[] = [];
  #looks = 0;

  /** @param folder of the attempt: by it its processes are known */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Bytes of the disk; at most a little more than `limit` are counted. What cannot be read (another user's process) counts for nothing. */
  async bytes(limit: number): Promise<number> {
    if (this.#looks++ % LOOKS_PER_SCAN === 0) this.#roots = processesIn(this.#folder);
    const sizes = new Map<string, number>();
    let total = 0;
    let since = performance.now();
    for (const pid of withDescendants(this.#roots)) {
      for (const { inode, bytes } of heldBy(pid)) {
        const counted = sizes.get(inode) ?? 0;
        if (bytes <= counted) continue;
        sizes.set(inode, bytes);
        total += bytes - counted;
        if (total > limit) return total;
      }
      if (performance.now() - since <= TURN_MS) continue;
      await turn();
      since = performance.now();
    }
    return total;
  }
}

/** Each once. */
function withDescendants(roots: readonly number[]): ReadonlySet<number> {
  const found = new Set(roots);
  // What is added while it is gone through is gone through too.
  for (const pid of found) for (const child of childrenOf(pid)) found.add(child);
  return found;
}

function childrenOf(pid: number): number[] {
  return listed(`/proc/${pid}/task`).flatMap((thread) => {
    const text = textOf(`/proc/${pid}/task/${thread}/children`);
    return text.split(" ").filter(Boolean).map(Number);
  });
}

interface Held {
  /** Of its file. It may be another file's too on another disk: then the larger of both counts. */
  readonly inode: string;
  readonly bytes: number;
}

function* heldBy(pid: number): Generator<Held> {
  for (const descriptor of listed(`/proc/${pid}/fd`)) {
    try {
      const stat = statSync(`/proc/${pid}/fd/${descriptor}`, { throwIfNoEntry: false });
      if (stat?.nlink === 0 && stat.isFile()) yield { inode: String(stat.ino), bytes: stat.blocks * 512 };
    } catch {
      // It is closed by now.
    }
  }
  // A file may be held by a piece of memory alone: that piece is all that can be counted of it.
  const pieces = new Map<string, number>();
  for (const line of textOf(`/proc/${pid}/maps`).split("\n")) {
    if (!line.endsWith(" (deleted)")) continue;
    const [, from = "0", to = "0", inode = "", path = ""] = /^(\w+)-(\w+) \S+ \w+ \S+ (\d+) +(.*)$/.exec(line) ?? [];
    if (!MEMORY.test(path))
      pieces.set(inode, (pieces.get(inode) ?? 0) + Number.parseInt(to, 16) - Number.parseInt(from, 16));
  }
  for (const [inode, bytes] of pieces) yield { inode, bytes };
}

function listed(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "latin1");
  } catch {
    return "";
  }
}

/** Digests of inputs, and what was hashed when: a file that has not changed is not hashed again (R34). */
import { createHash } from "node:crypto";
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { digestOf } from "./pieces.js";
import { readState, type Trouble, writeState } from "./state-file.js";

export interface HashedFile {
  readonly digest: string;
  readonly size: number;
  readonly mode: number;
}

/** Shorter files are hashed at once: a trip to the thread pool takes longer. */
const SHORT_BYTES = 262_144;
/** A file that was changed so shortly before could change again without showing it: times of files are coarse. */
const FRESH_MS = 2_000;
/** Of a file that changes while it is hashed. */
const MAX_TRIES = 3;
/** The one that was used longest ago goes first. */
const MAX_REMEMBERED = 100_000;
/** Without waiting for a writer, should it be a named pipe. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK;

/** By this it is seen that a file is still what it was; the time of change is the kernel's, and no program can set it. */
export function markOf({ size, mtimeNs, ino, ctimeNs }: BigIntStats): string {
  return `${size}:${mtimeNs}:${ino}:${ctimeNs}`;
}

/** What is wrong with an input, in words that need no path. */
export function inputTrouble(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
    case "ENOTDIR":
      return "it is not there";
    case "EACCES":
      return "it may not be read";
    case "ELOOP":
      return "it is a link to itself";
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

export class FileDigests {
  readonly #root: string;
  readonly #file: string;
  readonly #trouble: Trouble;
  /** Path to mark and digest. */
  readonly #remembered = new Map<string, readonly [mark: string, digest: string]>();
  /** Of this build: how each file was when it was hashed last. */
  readonly #marks = new Map<string, string>();
  #isChanged = false;
  /** How many files were read to be hashed. */
  hashed = 0;

  /** @param state the state folder */
  constructor(root: string, state: string, trouble: Trouble) {
    this.#root = root;
    this.#file = join(state, "digests.json");
    this.#trouble = trouble;
    const kept = readState(this.#file, trouble);
    if (!Array.isArray(kept)) return;
    for (const entry of kept as unknown[]) {
      const [path, mark, digest] = Array.isArray(entry) ? (entry as unknown[]) : [];
      if (typeof path !== "string" || typeof mark !== "string" || typeof digest !== "string") continue;
      if (/^[0-9a-f]{64}$/.test(digest)) this.#remembered.set(path, [mark, digest]);
    }
  }

  /** @throws what is wrong with the file; see `inputTrouble` */
  async hash(path: string): Promise<HashedFile> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const hashed = this.#hashShort(path) ?? (await this.#hashLong(path));
      if (hashed !== undefined) return hashed;
    }
    throw new Error("it changes while it is read");
  }

  /** Undefined where it was not hashed in this build. */
  mark(path: string): string | undefined {
    return this.#marks.get(path);
  }

  /** Of several builds the last one wins. */
  save(): void {
    if (!this.#isChanged) return;
    const entries = [...this.#remembered].slice(-MAX_REMEMBERED).map(([path, [mark, digest]]) => [path, mark, digest]);
    writeState(this.#file, entries, this.#trouble);
  }

  /** Undefined where it is long, and not remembered. */
  #hashShort(path: string): HashedFile | undefined {
    const file = openSync(join(this.#root, path), OPEN_FLAGS);
    try {
      const stat = fstatSync(file, { bigint: true });
      const known = this.#known(path, stat);
      if (known !== undefined) return known;
      if (stat.size > SHORT_BYTES) return undefined;
      const bytes = Buffer.allocUnsafe(Number(stat.size) + 1);
      let length = 0;
      for (let read = -1; read !== 0 && length < bytes.length; length += read) {
        read = readSync(file, bytes, length, bytes.length - length, length);
      }
      const digest = createHash("sha256").update(bytes.subarray(0, length)).digest("hex");
      return this.#keep(path, stat, fstatSync(file, { bigint: true }), digest, length);
    } finally {
      closeSync(file);
    }
  }

  /** Undefined where it changed meanwhile. */
  async #hashLong(path: string): Promise<HashedFile | undefined> {
    const file = await open(join(this.#root, path), OPEN_FLAGS);
    try {
      const before = await file.stat({ bigint: true });
      const { digest, size } = await digestOf(file);
      return this.#keep(path, before, await file.stat({ bigint: true }), digest, size);
    } finally {
      await file.close();
    }
  }

  #known(path: string, stat: BigIntStats): HashedFile | undefined {
    if (stat.isDirectory()) throw new Error("it is a folder");
    if (!stat.isFile()) throw new Error("it is no regular file");
    const mark = markOf(stat);
    const [remembered, digest = ""] = this.#remembered.get(path) ?? [];
    if (remembered !== mark) return undefined;
    // Used again: it goes last.
    this.#remembered.delete(path);
    this.#remembered.set(path, [mark, digest]);
    this.#marks.set(path, mark);
    return { digest, size: Number(stat.size), mode: Number(stat.mode) & 0o777 };
  }

  #keep(path: string, before: BigIntStats, after: BigIntStats, digest: string, size: number): HashedFile | undefined {
    const mark = markOf(after);
    this.hashed++;
    if (markOf(before) !== mark || BigInt(size) !== after.size) return undefined;
    this.#marks.set(path, mark);
    const changedMs = Math.max(Number(after.mtimeNs), Number(after.ctimeNs)) / 1e6;
    if (Date.now() - changedMs >= FRESH_MS) {
      this.#remembered.delete(path);
      this.#remembered.set(path, [mark, digest]);
      this.#isChanged = true;
    }
    return { digest, size, mode: Number(after.mode) & 0o777 };
  }
}

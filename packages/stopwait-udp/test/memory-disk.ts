/**
 * A disk in memory that performs every file effect of the contract, and throws where a machine breaks the contract
 * (an id used twice, a file that is not open, a write beyond the end).
 *
 * `perform` does an effect at once. A disk that takes its time is `submit` now and `complete` later: in between the
 * effect is not done, and a crash leaves it undone, half done or done.
 */
import { Random } from "@lab/simnet";
import type { FileEffect, FileFact, FileResult } from "../src/core/contract.js";
import { nameFault } from "../src/core/names.js";
import { MemoryFile } from "./memory-file.js";
import { plainSha256 } from "./plain-platform.js";

export interface MemoryDiskOptions {
  /** Files below the root by name; their folders exist. They have been synced. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
  /** Decides what a crash leaves. Default 1. */
  readonly seed?: number;
  /** Bytes that all files and parts may hold together; beyond it writing is `full`. Default Infinity. */
  readonly capacityBytes?: number;
  /** Names that resolve to a place outside the root, as a symbolic link would. */
  readonly outside?: readonly string[];
  /** The clock of modification times. Default: one more at every question. */
  readonly nowMs?: () => number;
  /** Called before every effect is done: answers the fact with which it fails, or changes the disk behind the machine. */
  readonly before?: (effect: FileEffect, disk: MemoryDisk) => FileFact | undefined;
}

type Handle =
  | { readonly type: "source"; readonly file: MemoryFile; readonly openedAs: string }
  | { readonly type: "part"; readonly file: MemoryFile; readonly name: string; readonly key: string };

interface Submitted {
  readonly effect: FileEffect;
  outcome?: { readonly result: FileResult | undefined };
}

export class MemoryDisk {
  /** What lies below the root. The parts are elsewhere: no name leads to them. */
  readonly #root = new Map<string, MemoryFile>();
  readonly #folders = new Set<string>();
  readonly #parts = new Map<string, MemoryFile>();
  readonly #handles = new Map<number, Handle>();
  readonly #submitted = new Map<number, Submitted>();
  readonly #options: MemoryDiskOptions;
  readonly #random: Random;
  readonly #usedIds = new Set<number>();
  /** Files that could not be opened: closing them, blindly, is allowed and does nothing. */
  readonly #unopened = new Set<number>();
  #tickets = 0;
  #inodes = 0;
  #clockMs = 0;
  /** How many effects of each type were done, for tests that bound the work. */
  readonly counts: Map<FileEffect["type"], number> = new Map();

  constructor(options: MemoryDiskOptions = {}) {
    this.#options = options;
    this.#random = new Random(options.seed ?? 1);
    for (const [name, bytes] of Object.entries(options.files ?? {})) this.place(name, bytes);
  }

  /** Puts another file under a name, as `mv` does: whoever has the old one open keeps it. */
  place(name: string, bytes: Uint8Array): void {
    for (let at = name.indexOf("/"); at >= 0; at = name.indexOf("/", at + 1)) this.#folders.add(name.slice(0, at));
    const file = new MemoryFile(++this.#inodes, this.#now(), bytes);
    file.sync();
    this.#root.set(name, file);
  }

  /** Changes a file in place: whoever has it open sees it change. */
  change(name: string, bytes: Uint8Array): void {
    const file = this.#root.get(name);
    if (file === undefined) throw new Error(`there is no file ${name} to change`);
    file.truncate(0, this.#now());
    file.write(0, bytes, this.#now());
    file.sync();
  }

  remove(name: string): void {
    this.#root.delete(name);
  }

  addFolder(name: string): void {
    this.#folders.add(name);
  }

  /** A copy of a file below the root. */
  read(name: string): Uint8Array | undefined {
    return this.#root.get(name)?.bytes.slice();
  }

  /** Milliseconds at which a file below the root was last changed. */
  modifiedMs(name: string): number | undefined {
    return this.#root.get(name)?.modifiedMs;
  }

  get names(): string[] {
    return [...this.#root.keys()].sort();
  }

  /** Sources and parts that are open: what is left of them when all transfers are over is a leak. */
  get openFiles(): number {
    return this.#handles.size;
  }

  /** The keys of the parts on the disk, open ones included. */
  get partKeys(): string[] {
    return [...this.#parts.keys()].sort();
  }

  readPart(key: string): Uint8Array | undefined {
    return this.#parts.get(key)?.bytes.slice();
  }

  /** Deletes a part, as the removal of old ones does. */
  removePart(key: string): void {
    this.#parts.delete(key);
  }

  /** Takes an effect on; `complete` does it. Effects on one file are done in the order of their submission. */
  submit(effect: FileEffect): number {
    const ticket = ++this.#tickets;
    this.#submitted.set(ticket, { effect });
    return ticket;
  }

  /** Does what was submitted, if a crash has not taken it. Undefined also for effects without an answer. */
  complete(ticket: number): FileResult | undefined {
    const wanted = this.#submitted.get(ticket);
    if (wanted === undefined) return undefined;
    for (const [earlier, one] of this.#submitted) {
      if (earlier > ticket) break;
      if (one.outcome === undefined && fileOf(one.effect) === fileOf(wanted.effect)) {
        one.outcome = { result: this.perform(one.effect) };
      }
    }
    this.#submitted.delete(ticket);
    return wanted.outcome?.result;
  }

  /** Effects that were submitted and not yet completed. */
  get waiting(): number {
    return this.#submitted.size;
  }

  /**
   * The power goes. Open files are closed, what was submitted is lost, half done or done, and what was not synced may be
   * lost, page by page. Parts remain; a new machine may use the ids again.
   */
  crash(): void {
    for (const { effect, outcome } of this.#submitted.values()) if (outcome === undefined) this.#halfDo(effect);
    this.#submitted.clear();
    this.#handles.clear();
    this.#usedIds.clear();
    this.#unopened.clear();
    for (const file of [...this.#root.values(), ...this.#parts.values()]) file.crash(this.#random);
  }

  /** The process dies and the machine goes on: open files are closed, what was written stays. */
  kill(): void {
    for (const { effect, outcome } of this.#submitted.values()) if (outcome === undefined) this.#halfDo(effect);
    this.#submitted.clear();
    this.#handles.clear();
    this.#usedIds.clear();
    this.#unopened.clear();
  }

  /** A text that is equal for disks on which everything will go on alike: files, parts, what is open, what waits. */
  fingerprint(): string {
    const file = (one: MemoryFile): string => Buffer.from(one.bytes.buffer, 0, one.length).toString("base64");
    const lines = [...this.#root].sort(byName).map(([name, one]) => `file ${name} ${file(one)}`);
    for (const [key, one] of [...this.#parts].sort(byName)) lines.push(`part ${key} ${file(one)}`);
    const open = [...this.#handles.values()].map((one) =>
      one.type === "source"
        ? `source ${one.openedAs === one.file.etag} ${file(one.file)}`
        : `open ${one.key} ${one.name}`,
    );
    const waiting = [...this.#submitted.values()].map(({ effect, outcome }) => {
      // Ids are left out: they say how much was done before, not what is to come.
      const { id: _, source: __, part: ___, file: ____, ...what } = effect as unknown as Record<string, unknown>;
      const text = JSON.stringify(what, (_key, value) => (value instanceof Uint8Array ? String(value) : value));
      return `${text} ${outcome === undefined ? "waits" : "done"}`;
    });
    return [...lines, ...open.sort(), ...waiting].join("\n");
  }

  /** Does an effect at once. Undefined where the contract has no answer to it. */
  perform(effect: FileEffect): FileResult | undefined {
    this.counts.set(effect.type, (this.counts.get(effect.type) ?? 0) + 1);
    if ("id" in effect) {
      if (this.#usedIds.has(effect.id)) throw new Error(`the id ${effect.id} of ${effect.type} was used before`);
      this.#usedIds.add(effect.id);
    }
    const fact = this.#options.before?.(effect, this);
    if (!("id" in effect)) {
      this.#close(effect);
      return undefined;
    }
    if (fact !== undefined) return this.#fail(effect, failed(effect.id, fact));
    const result = this.#perform(effect);
    return result.type === "effect-failed" ? this.#fail(effect, result) : result;
  }

  #fail(effect: FileEffect, result: FileResult): FileResult {
    if (effect.type === "commit-part") this.#handles.delete(effect.part);
    if (effect.type === "open-source" || effect.type === "open-part") this.#unopened.add(effect.id);
    return result;
  }

  #perform(effect: FileEffect & { readonly id: number }): FileResult {
    const { id } = effect;
    switch (effect.type) {
      case "open-source": {
        const file = this.#root.get(effect.name);
        const fact = this.#placeFact(effect.name) ?? (file === undefined ? "missing" : undefined);
        if (fact !== undefined || file === undefined) return failed(id, fact ?? "missing");
        this.#handles.set(id, { type: "source", file, openedAs: file.etag });
        return { type: "source-opened", id, size: file.length, modifiedMs: file.modifiedMs, etag: file.etag };
      }
      case "read-source": {
        const { file } = this.#source(effect.source);
        if (effect.offset + effect.length > file.length) return failed(id, "changed");
        return { type: "source-read", id, bytes: file.bytes.slice(effect.offset, effect.offset + effect.length) };
      }
      case "check-source": {
        const { file, openedAs } = this.#source(effect.source);
        return file.etag === openedAs ? { type: "source-same", id } : failed(id, "changed");
      }
      case "open-part":
        return this.#openPart(effect);
      case "write-part": {
        const { file } = this.#part(effect.part);
        if (effect.offset > file.length)
          throw new Error(`a write at ${effect.offset} of a part of ${file.length} bytes`);
        const growth = Math.max(0, effect.offset + effect.bytes.length - file.length);
        if (this.#used() + growth > (this.#options.capacityBytes ?? Number.POSITIVE_INFINITY))
          return failed(id, "full");
        file.write(effect.offset, effect.bytes, this.#now());
        return { type: "part-written", id };
      }
      case "truncate-part": {
        const { file } = this.#part(effect.part);
        if (effect.length > file.length) throw new Error(`truncation to ${effect.length} of ${file.length} bytes`);
        file.truncate(effect.length, this.#now());
        return { type: "part-truncated", id };
      }
      case "hash-prefix": {
        const handle = this.#handles.get(effect.file);
        if (handle === undefined) throw new Error(`hash-prefix of ${effect.file}, which is not open`);
        if (effect.length > handle.file.length) return failed(id, "changed");
        const sha256 = plainSha256();
        sha256.update(handle.file.bytes.subarray(0, effect.length));
        return { type: "prefix-hashed", id, sha256 };
      }
      case "commit-part": {
        const { file, name, key } = this.#part(effect.part);
        this.#handles.delete(effect.part);
        const fact = this.#placeFact(name) ?? (this.#root.has(name) && !effect.overwrite ? "exists" : undefined);
        if (fact !== undefined) return failed(id, fact);
        if (effect.modifiedMs !== undefined) file.modifiedMs = effect.modifiedMs;
        file.sync();
        this.#parts.delete(key);
        this.#root.set(name, file);
        return { type: "part-committed", id };
      }
      default:
        throw new Error(`${effect.type} has no answer`);
    }
  }

  #openPart(effect: Extract<FileEffect, { readonly type: "open-part" }>): FileResult {
    const { id, name, key, claim, overwrite } = effect;
    if (!/^[0-9a-f]+$/.test(key)) throw new Error(`the key ${key} is not hexadecimal`);
    const fact = this.#placeFact(name) ?? (this.#root.has(name) && !overwrite ? "exists" : undefined);
    if (fact !== undefined) return failed(id, fact);
    const claimed = claim === undefined ? undefined : this.#parts.get(claim);
    if (claimed === undefined && this.#parts.has(key)) return failed(id, "failed");
    if (claim !== undefined && claimed !== undefined) this.#parts.delete(claim);
    const file = claimed ?? new MemoryFile(++this.#inodes, this.#now());
    this.#parts.set(key, file);
    this.#handles.set(id, { type: "part", file, name, key });
    return { type: "part-opened", id, length: file.length };
  }

  #close(effect: Extract<FileEffect, { readonly type: "close-source" | "close-part" | "drop-part" }>): void {
    if (this.#unopened.has(fileOf(effect))) return;
    if (effect.type === "close-source") {
      this.#source(effect.source);
      this.#handles.delete(effect.source);
      return;
    }
    const { key } = this.#part(effect.part);
    this.#handles.delete(effect.part);
    if (effect.type === "drop-part") this.#parts.delete(key);
  }

  /** What a crash leaves of an effect that was under way. */
  #halfDo(effect: FileEffect): void {
    const dice = this.#random.integer(0, 2);
    if (dice === 0) return;
    if (effect.type === "write-part") {
      const handle = this.#handles.get(effect.part);
      const length = dice === 1 ? this.#random.integer(0, effect.bytes.length) : effect.bytes.length;
      if (handle !== undefined && effect.offset <= handle.file.length) {
        handle.file.write(effect.offset, effect.bytes.subarray(0, length), this.#now());
      }
    } else if (effect.type === "commit-part") {
      const handle = this.#handles.get(effect.part);
      if (handle?.type !== "part") return;
      if (dice === 1) handle.file.sync();
      else this.perform(effect);
    } else if (effect.type === "drop-part" && this.#handles.has(effect.part)) this.perform(effect);
  }

  /** Why this place cannot hold a file, before it is asked whether it holds one. */
  #placeFact(name: string): FileFact | undefined {
    if (nameFault(name) !== undefined || this.#options.outside?.includes(name) === true) return "outside";
    if (this.#folders.has(name)) return "not-regular";
    const folder = name.slice(0, Math.max(0, name.lastIndexOf("/")));
    return folder === "" || this.#folders.has(folder) ? undefined : "missing";
  }

  #source(id: number): Extract<Handle, { readonly type: "source" }> {
    const handle = this.#handles.get(id);
    if (handle?.type !== "source") throw new Error(`${id} is not an open source`);
    return handle;
  }

  #part(id: number): Extract<Handle, { readonly type: "part" }> {
    const handle = this.#handles.get(id);
    if (handle?.type !== "part") throw new Error(`${id} is not an open part`);
    return handle;
  }

  #used(): number {
    if (this.#options.capacityBytes === undefined) return 0;
    let sum = 0;
    for (const file of [...this.#root.values(), ...this.#parts.values()]) sum += file.length;
    return sum;
  }

  #now(): number {
    return this.#options.nowMs?.() ?? ++this.#clockMs;
  }
}

/** Which open file an effect is about: what must stay in order. Opening is about a file of its own. */
function fileOf(effect: FileEffect): number {
  switch (effect.type) {
    case "open-source":
    case "open-part":
      return effect.id;
    case "read-source":
    case "check-source":
    case "close-source":
      return effect.source;
    case "hash-prefix":
      return effect.file;
    default:
      return effect.part;
  }
}

function failed(id: number, fact: FileFact): FileResult {
  return { type: "effect-failed", id, fact, message: `the disk says: ${fact}` };
}

function byName(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : 1;
}

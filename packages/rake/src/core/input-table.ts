/** The inputs of a set: each is hashed once, a few at a time (docs/rake.md R3, R34). */

import { type BuildContext, NEVER } from "./build-context.js";
import type { Action } from "./plan.js";

/** A file as it was hashed. */
export interface HashedInput {
  readonly path: string;
  readonly digest: string;
  readonly size: number;
  readonly mode: number;
}

/** Hashes that the driver works at, at a time. */
const MAX_HASHING = 8;

interface Entry {
  readonly path: string;
  hashed?: HashedInput;
  fault?: string;
  /** Actions that wait for it. */
  readonly wanted: Set<number>;
}

export interface InputListener {
  /** All its inputs are hashed now. */
  ready(action: number): void;
  /** One of them cannot be. */
  unreadable(action: number, message: string): void;
}

export class InputTable {
  readonly #context: BuildContext;
  readonly #listener: InputListener;
  #entries = new Map<string, Entry>();
  #queue: Entry[] = [];
  readonly #hashing = new Map<number, { readonly entry: Entry; readonly by: number }>();
  /** How many inputs an action still waits for. */
  readonly #lacking = new Map<number, number>();

  constructor(context: BuildContext, listener: InputListener) {
    this.#context = context;
    this.#listener = listener;
  }

  /** A new set: what was known of files before it may not hold any more. */
  clear(): void {
    this.#entries = new Map();
    this.#queue = [];
    this.#hashing.clear();
    this.#lacking.clear();
  }

  /** Told by `ready` or `unreadable`, it may be at once. `again`: these files must be hashed anew. */
  want(action: Action, again: ReadonlySet<string> = new Set()): void {
    const paths = new Set(action.requires);
    let lacking = 0;
    for (const path of paths) {
      let entry = this.#entries.get(path);
      if (entry === undefined || (again.has(path) && entry.wanted.size === 0)) {
        entry = { path, wanted: new Set() };
        this.#entries.set(path, entry);
        this.#queue.push(entry);
      }
      if (entry.fault !== undefined) return this.#listener.unreadable(action.index, entry.fault);
      if (entry.hashed !== undefined) continue;
      entry.wanted.add(action.index);
      lacking++;
    }
    if (lacking === 0) return this.#listener.ready(action.index);
    this.#lacking.set(action.index, lacking);
    this.#hash();
  }

  /** Of an action that is ready: each path once, in the order of the Rakefile. */
  of(action: Action): readonly HashedInput[] {
    return [...new Set(action.requires)].map((path) => this.#entries.get(path)?.hashed as HashedInput);
  }

  hashed(id: number, digest: string, size: number, mode: number): void {
    const entry = this.#take(id);
    if (entry === undefined) return;
    entry.hashed = { path: entry.path, digest, size, mode: mode & 0o777 };
    for (const action of entry.wanted) {
      const lacking = this.#lacking.get(action);
      if (lacking === undefined) continue;
      this.#lacking.set(action, lacking - 1);
      if (lacking === 1 && this.#lacking.delete(action)) this.#listener.ready(action);
    }
    entry.wanted.clear();
    this.#hash();
  }

  failed(id: number, message: string): void {
    const entry = this.#take(id);
    if (entry !== undefined) this.#fail(entry, `${entry.path}: ${message}`);
    this.#hash();
  }

  tick(): void {
    for (const [id, { by }] of this.#hashing) {
      if (this.#context.now >= by) this.failed(id, "it was not hashed in time");
    }
  }

  nextDeadline(): number {
    let soonest = NEVER;
    for (const { by } of this.#hashing.values()) soonest = Math.min(soonest, by);
    return soonest;
  }

  #fail(entry: Entry, fault: string): void {
    entry.fault = fault;
    for (const action of entry.wanted) if (this.#lacking.delete(action)) this.#listener.unreadable(action, fault);
    entry.wanted.clear();
  }

  #take(id: number): Entry | undefined {
    const entry = this.#hashing.get(id)?.entry;
    this.#hashing.delete(id);
    return entry;
  }

  #hash(): void {
    while (this.#hashing.size < MAX_HASHING) {
      const entry = this.#queue.shift();
      if (entry === undefined) return;
      const id = this.#context.draw();
      this.#hashing.set(id, { entry, by: this.#context.now + this.#context.settings.effectMs });
      this.#context.do({ type: "hash", id, path: entry.path });
    }
  }
}

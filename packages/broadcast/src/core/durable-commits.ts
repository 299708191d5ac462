/** Writes to a durable log, in order and several under way; what was appended is committed when it is stored (docs/broadcast.md B25, B28). */

import { type Append, entriesBytesOf } from "./append.js";
import { BATCH_HEADER_BYTES } from "./batch.js";
import type { Commits } from "./commits.js";
import type { ServerContext } from "./server-context.js";
import type { StoredMeta } from "./server-contract.js";
import { encodeJoins, type JoinedSession } from "./stored-sessions.js";

interface Write {
  readonly id: number;
  readonly bytes: number;
  readonly done: ((now: number) => void) | undefined;
}

const NO_SESSIONS = new Uint8Array(0);

export class DurableCommits implements Commits {
  /** Bytes of entries that wait to be stored. */
  pendingBytes = 0;
  readonly #context: ServerContext;
  readonly #room: string;
  readonly #commit: (append: Append, now: number) => void;
  #writes: Write[] = [];
  #doneCount = 0;

  constructor(context: ServerContext, room: string, commit: (append: Append, now: number) => void) {
    this.#context = context;
    this.#room = room;
    this.#commit = commit;
  }

  append(append: Append, now: number): void {
    const atOnce = this.#context.settings.durability === "memory";
    const bytes = entriesBytesOf(append);
    const id = this.#add(bytes, atOnce ? undefined : (then) => this.#commit(append, then));
    const joins: JoinedSession[] = [];
    for (const { session, left } of append.changes) if (left === undefined) joins.push(session);
    const { first, count, frame } = append;
    const entries = frame.subarray(BATCH_HEADER_BYTES);
    const sessions = joins.length === 0 ? NO_SESSIONS : encodeJoins(joins);
    const segment = { first, count, entries, sessions };
    this.#context.out.push({ type: "storeSegment", room: this.#room, id, segment });
    if (atOnce) this.#commit(append, now);
  }

  meta(meta: StoredMeta, done?: (now: number) => void): void {
    this.#context.out.push({ type: "storeMeta", room: this.#room, id: this.#add(0, done), meta });
  }

  trim(upTo: number, checkpoint: Uint8Array): void {
    this.#context.out.push({ type: "trim", room: this.#room, id: this.#add(0, undefined), upTo, checkpoint });
  }

  /** This and all that was asked for before it is stored. */
  stored(id: number, now: number): void {
    while (this.#doneCount < this.#writes.length) {
      const write = this.#writes[this.#doneCount] as Write;
      if (write.id > id) break;
      this.#writes[this.#doneCount++] = DONE;
      this.pendingBytes -= write.bytes;
      write.done?.(now);
    }
    if (this.#doneCount === this.#writes.length || this.#doneCount > 1_024) {
      this.#writes = this.#writes.slice(this.#doneCount);
      this.#doneCount = 0;
    }
  }

  /** Whether it still waits for this one. */
  awaits(id: number): boolean {
    return this.#writes.some((write) => write.id === id);
  }

  #add(bytes: number, done: Write["done"]): number {
    const id = this.#context.newId();
    this.#writes.push({ id, bytes, done });
    this.pendingBytes += bytes;
    return id;
  }
}

const DONE: Write = { id: 0, bytes: 0, done: undefined };

/** The messages of one sender in a BATCH: each becomes an entry when it is taken, so that what waits is bytes alone. */

import type { Delivered } from "./client-contract.js";
import { ENTRY_HEADER_BYTES } from "./entries.js";
import { TWO_32 } from "./wire.js";

/** What is the same for all of them. */
export interface RunFacts {
  /** The number of the first. */
  readonly first: number;
  readonly count: number;
  readonly member: number;
  /** As `member` was called when they were delivered. */
  readonly name: string;
  readonly own: boolean;
  readonly silent: boolean;
  /** Up to that number they were there before the client. */
  readonly pastTo: number;
}

export class MessageRun {
  readonly kind = "message";
  readonly own: boolean;
  /** The number of the last. */
  readonly last: number;
  /** Of the messages themselves. */
  readonly bytes: number;
  readonly #facts: RunFacts;
  readonly #view: DataView;
  readonly #entriesAt: number;
  /** Where the entry stands that comes next, and its number. */
  #at: number;
  #next: number;

  /** @param view entries that were checked, from `entriesAt` to its end; it is not written to afterwards */
  constructor(facts: RunFacts, view: DataView, entriesAt: number) {
    const { first, count, own } = facts;
    this.own = own;
    this.last = first + count - 1;
    this.bytes = view.byteLength - entriesAt - count * ENTRY_HEADER_BYTES;
    this.#facts = facts;
    this.#view = view;
    this.#entriesAt = entriesAt;
    this.#at = entriesAt;
    this.#next = first;
  }

  get count(): number {
    return this.#facts.count;
  }

  /** The number of the one that `take` gives next; above `last` where all were taken. */
  get next(): number {
    return this.#next;
  }

  /** The next one; there must be one. */
  take(): Delivered {
    const { member, name, own, silent, pastTo } = this.#facts;
    const view = this.#view;
    const at = this.#at;
    const start = at + ENTRY_HEADER_BYTES;
    const length = view.getUint32(at + 13);
    const number = this.#next;
    this.#at = start + length;
    this.#next++;
    return {
      number,
      kind: "message",
      member,
      name,
      clientSeq: view.getUint32(at + 5) * TWO_32 + view.getUint32(at + 9),
      bytes: new Uint8Array(view.buffer, view.byteOffset + start, length),
      own,
      silent,
      past: number <= pastTo,
    };
  }

  /** All of them, whatever was taken. */
  all(): Delivered[] {
    const again = new MessageRun(this.#facts, this.#view, this.#entriesAt);
    return Array.from({ length: this.#facts.count }, () => again.take());
  }
}

/** What the machine puts out of runs that follow each other: `entries` are made where somebody looks at them. */
export class RunsDelivery {
  readonly type = "deliver";
  readonly runs: readonly MessageRun[];
  #entries: readonly Delivered[] | undefined;

  constructor(runs: readonly MessageRun[]) {
    this.runs = runs;
  }

  get entries(): readonly Delivered[] {
    this.#entries ??= this.runs.flatMap((run) => run.all());
    return this.#entries;
  }
}

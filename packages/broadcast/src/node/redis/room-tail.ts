/** Follows the stream of a room on a connection of its own, since reading blocks it (docs/broadcast.md B38, B40). */
import type { Redis } from "ioredis";
import type { SharedEntry } from "../../core/server-contract.js";
import { Connection, type MakeClient } from "./connection.js";
import { entryOf, listOf, type Reply } from "./replies.js";

export interface TailEvents {
  entries(first: number, entries: readonly SharedEntry[]): void;
  /** It can not be followed any more. */
  lost(why: string): void;
}

export interface TailPlace {
  readonly meta: string;
  readonly log: string;
  readonly epoch: string;
  /** What was seen of it. */
  readonly head: number;
}

/** So long a read waits; then a look is taken whether it is still this epoch's stream that is written to. */
const BLOCK_MS = 1_000;
const MOST_ENTRIES = 512;

export class RoomTail {
  readonly #place: TailPlace;
  readonly #events: TailEvents;
  readonly #connection: Connection<undefined>;
  #isClosed = false;
  /** The highest number that was handed on. */
  head: number;

  constructor(make: MakeClient, answerTimeoutMs: number, place: TailPlace, events: TailEvents) {
    this.#place = place;
    this.#events = events;
    this.head = place.head;
    this.#connection = new Connection<undefined>(make, BLOCK_MS + answerTimeoutMs, {
      prepare: async () => undefined,
      up: (client) => this.#follow(client),
      down: () => {},
    });
    this.#connection.open();
  }

  close(): void {
    this.#isClosed = true;
    this.#connection.close();
  }

  async #follow(client: Redis): Promise<void> {
    try {
      while (!this.#isClosed) if (!(await this.#read(client))) await this.#look(client);
    } catch {
      this.#connection.drop(); // another is made, which goes on behind the last entry
    }
  }

  /** @returns whether there was something */
  async #read(client: Redis): Promise<boolean> {
    const { log } = this.#place;
    const args = ["COUNT", MOST_ENTRIES, "BLOCK", BLOCK_MS, "STREAMS", log, `${this.head}-0`];
    const reply = (await client.callBuffer("XREAD", ...args)) as Reply;
    if (this.#isClosed || reply === null) return false;
    const read = listOf(listOf(listOf(reply)[0])[1]).map(entryOf);
    const first = this.head + 1;
    // A stream that was trimmed gives what is left, and says nothing.
    if (read.some(({ number }, index) => number !== first + index)) {
      this.#lose(`the log was trimmed beyond ${this.head}, which was read last`);
      return true;
    }
    this.head += read.length;
    this.#events.entries(
      first,
      read.map(({ entry }) => entry),
    );
    return true;
  }

  async #look(client: Redis): Promise<void> {
    const epoch = await client.hget(this.#place.meta, "epoch");
    if (!this.#isClosed && epoch !== this.#place.epoch) this.#lose("the log is another than before");
  }

  #lose(why: string): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.lost(why);
  }
}

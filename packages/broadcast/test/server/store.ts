/** A durable log of one room in memory, which stores when it is told to. Of a server with several rooms each has its own. */

import type { Recovered, ServerOutput, StoredMeta, StoredSegment } from "../../src/core/server-contract.js";
import type { Rig } from "./rig.js";

type Write = Extract<ServerOutput, { type: "storeMeta" | "storeSegment" | "trim" }>;

export class Store {
  meta: StoredMeta | undefined;
  checkpoint: Uint8Array | undefined;
  segments: StoredSegment[] = [];
  boot = "boot 1";
  damaged = false;
  readonly #room: string;

  constructor(room = "main") {
    this.#room = room;
  }

  get recovered(): Recovered {
    return {
      ...(this.meta === undefined ? {} : { meta: this.meta }),
      ...(this.checkpoint === undefined ? {} : { checkpoint: this.checkpoint }),
      segments: [...this.segments],
      damaged: this.damaged,
      boot: this.boot,
    };
  }

  /** How often the rig wanted the room opened so far. */
  opens(rig: Rig): number {
    return rig.outputsOf("open").filter(({ room }) => room === this.#room).length;
  }

  /** Opens the room as often as the rig wants it. */
  open(rig: Rig): void {
    for (let done = this.#opened.get(rig) ?? 0; done < this.opens(rig); ) {
      this.#opened.set(rig, ++done);
      rig.handle({ type: "roomOpened", room: this.#room, recovered: this.recovered });
    }
  }
  readonly #opened = new WeakMap<Rig, number>();

  /** What the rig asked for and is not stored yet. */
  pending(rig: Rig): Write[] {
    const writes = rig.outputs.filter(
      ({ type }) => type === "storeMeta" || type === "storeSegment" || type === "trim",
    ) as Write[];
    return writes.filter(({ room, id }) => room === this.#room && id > (this.#done.get(rig) ?? 0));
  }
  readonly #done = new WeakMap<Rig, number>();

  /** Stores so many writes, or all, also those that follow from it. */
  store(rig: Rig, count: number = Number.POSITIVE_INFINITY): void {
    for (let left = count; left > 0; left--) {
      const [write] = this.pending(rig);
      if (write === undefined) return;
      this.#done.set(rig, write.id);
      this.put(write);
      rig.handle({ type: "stored", room: write.room, id: write.id });
    }
  }

  put(write: Write): void {
    if (write.type === "storeMeta") this.meta = write.meta;
    else if (write.type === "storeSegment") {
      const { first, count, entries, sessions } = write.segment;
      this.segments.push({ first, count, entries: entries.slice(), sessions: sessions.slice() });
    } else {
      this.checkpoint = write.checkpoint;
      this.segments = this.segments.filter(({ first, count }) => first + count - 1 > write.upTo);
    }
  }

  /** Fails the oldest write. */
  fail(rig: Rig): void {
    const [write] = this.pending(rig);
    if (write === undefined) throw new Error("nothing is asked of the store");
    const last = this.pending(rig).at(-1) as Write;
    this.#done.set(rig, last.id);
    rig.handle({ type: "storeFailed", room: write.room, id: write.id, message: "the disk is full" });
  }
}

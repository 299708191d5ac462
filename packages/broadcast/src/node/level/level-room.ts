/** What is stored of one room: which segments there are, and what a write does to them. */
import { BroadcastError } from "../../core/errors.js";
import type { StoredMeta } from "../../core/server-contract.js";
import type { StoreWrite } from "../log.js";
import type { BatchOperation } from "./database.js";
import type { RoomKeys } from "./keys.js";
import { encodeCheckpointRecord, encodeMeta, encodeSegment } from "./records.js";

export class LevelRoom {
  readonly keys: RoomKeys;
  /** The last number that is stored, or will be when all is written that was asked for. */
  end = 0;
  /** The last number that is stored. */
  stored = 0;
  /** Of the meta that is stored; 0: there is none. */
  epoch = 0;
  /** A meta that is no mark of a clean close was written since it was opened. */
  isInUse = false;
  /** The first numbers of the segments, from `#gone` on. */
  #firsts: number[] = [];
  #gone = 0;
  /** Records that were not recovered. They go in one write with the meta that says so: until then they are as they were. */
  #leftOver: string[] = [];

  constructor(keys: RoomKeys) {
    this.keys = keys;
  }

  /** A segment that was recovered, behind those that were before. */
  found(first: number, count: number): void {
    this.#firsts.push(first);
    this.end = first + count - 1;
    this.stored = this.end;
  }

  /** A record that is of no use. */
  leftOver(key: string): void {
    this.#leftOver.push(key);
  }

  /** The first number of the segment that has a number; undefined where none has. */
  segmentOf(number: number): number | undefined {
    if (number > this.end) return undefined;
    let low = this.#gone - 1;
    let high = this.#firsts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#firsts[middle] as number) <= number) low = middle;
      else high = middle;
    }
    return low < this.#gone ? undefined : this.#firsts[low];
  }

  /** What the database is to do for these writes: copies of what they have. */
  operations(writes: readonly StoreWrite[]): BatchOperation[] {
    const operations: BatchOperation[] = [];
    for (const write of writes) {
      if (write.type === "meta") this.#meta(write.meta, operations);
      else if (write.type === "segment") this.#segment(write, operations);
      else this.#trim(write, operations);
    }
    return operations;
  }

  #meta(meta: StoredMeta, operations: BatchOperation[]): void {
    for (const key of this.#leftOver) operations.push({ type: "del", key });
    this.#leftOver = [];
    if (meta.epoch !== this.epoch) this.#cutFrom(meta.epochStart, operations);
    this.epoch = meta.epoch;
    if (!meta.clean) this.isInUse = true;
    const key = this.keys.meta;
    operations.push({ type: "put", key, value: encodeMeta(key, { meta, end: this.end }) });
  }

  #segment({ segment }: Extract<StoreWrite, { type: "segment" }>, operations: BatchOperation[]): void {
    const { first, count } = segment;
    const isFirst = this.#firsts.length === this.#gone;
    if (this.epoch === 0 || count < 1 || (first !== this.end + 1 && !isFirst)) {
      throw new BroadcastError("STORE", `a segment from ${first} on can not stand behind ${this.end}`);
    }
    const key = this.keys.segment(first);
    operations.push({ type: "put", key, value: encodeSegment(key, { epoch: this.epoch, segment }) });
    this.#firsts.push(first);
    this.end = first + count - 1;
  }

  /** What was recovered, but is not used: its numbers are given anew. */
  #cutFrom(number: number, operations: BatchOperation[]): void {
    while (this.#firsts.length > this.#gone && (this.#firsts.at(-1) as number) >= number) {
      operations.push({ type: "del", key: this.keys.segment(this.#firsts.pop() as number) });
      this.end = number - 1;
    }
    this.stored = Math.min(this.stored, this.end);
  }

  #trim({ upTo, checkpoint }: Extract<StoreWrite, { type: "trim" }>, operations: BatchOperation[]): void {
    const firsts = this.#firsts;
    while (this.#gone < firsts.length && (firsts[this.#gone + 1] ?? this.end + 1) - 1 <= upTo) {
      operations.push({ type: "del", key: this.keys.segment(firsts[this.#gone] as number) });
      this.#gone++;
    }
    if (this.#gone > 1_024 && 2 * this.#gone > firsts.length) {
      this.#firsts = firsts.slice(this.#gone);
      this.#gone = 0;
    }
    const key = this.keys.checkpoint;
    operations.push({ type: "put", key, value: encodeCheckpointRecord(key, { upTo, checkpoint }) });
  }
}

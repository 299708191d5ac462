/** BATCH frames, made without an object for each entry (docs/broadcast.md B1, B12, B18). */

import { ENTRY_HEADER_BYTES } from "./entries.js";
import { TYPE } from "./message-types.js";
import { FRAME_HEADER_BYTES, putU32, putU64 } from "./wire.js";

/** The header of the frame, type, first number and count: the entries stand behind them. */
export const BATCH_HEADER_BYTES: number = FRAME_HEADER_BYTES + 13;

const SLAB_BYTES = 65_536;
/** Up to so many bytes a loop copies faster than a view can be made. */
const SHORT_BYTES = 32;

/**
 * Puts entries together to BATCH frames. What it finished is never written to again, and shares memory with the frames
 * before and behind it: have one for each log, so that what a log trims gives its memory back.
 */
export class BatchWriter {
  #slab: Uint8Array;
  /** Where the frame begins that is being written, and where its next entry will. */
  #begin = 0;
  #at = BATCH_HEADER_BYTES;
  #count = 0;

  /** @param slabBytes how much memory is taken at a time; default 64 KiB */
  constructor(slabBytes: number = SLAB_BYTES) {
    this.#slab = new Uint8Array(Math.max(slabBytes, BATCH_HEADER_BYTES));
  }

  /** Entries since the last `finish`. */
  get count(): number {
    return this.#count;
  }

  /** Their bytes, as they stand in a BATCH. */
  get entriesBytes(): number {
    return this.#at - this.#begin - BATCH_HEADER_BYTES;
  }

  /** @param kind as in `KIND`; the entry's bytes are `bytes[start..end)`, and are copied */
  add(kind: number, member: number, clientSeq: number, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const length = end - start;
    const at = this.#take(ENTRY_HEADER_BYTES + length);
    const slab = this.#slab;
    slab[at] = kind;
    putU32(slab, at + 1, member);
    putU64(slab, at + 5, clientSeq);
    putU32(slab, at + 13, length);
    const to = at + ENTRY_HEADER_BYTES;
    if (length <= SHORT_BYTES)
      for (let index = 0; index < length; index++) slab[to + index] = bytes[start + index] as number;
    else if (length === bytes.length) slab.set(bytes, to);
    else slab.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, length), to);
    this.#count++;
  }

  /** Entries that are encoded already, `bytes[start..end)`. */
  addEntries(count: number, bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    const at = this.#take(end - start);
    this.#slab.set(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), at);
    this.#count += count;
  }

  /** The frame of what was added, the first entry being number `first`; its entries begin at `BATCH_HEADER_BYTES`. */
  finish(first: number): Uint8Array {
    const frame = new Uint8Array(this.#slab.buffer, this.#begin, this.#at - this.#begin);
    putBatchHeader(frame, first, this.#count);
    this.#begin = this.#at;
    this.#count = 0;
    this.#at = this.#begin;
    this.#take(BATCH_HEADER_BYTES);
    return frame;
  }

  #take(length: number): number {
    let at = this.#at;
    if (at + length > this.#slab.length) {
      const have = at - this.#begin;
      const slab = new Uint8Array(Math.max(SLAB_BYTES, 2 * (have + length)));
      slab.set(this.#slab.subarray(this.#begin, at));
      this.#slab = slab;
      this.#begin = 0;
      at = have;
    }
    this.#at = at + length;
    return at;
  }
}

/** One BATCH of entries that are encoded already, in memory of its own: `entries[start..end)`, the first is number `first`. */
export function frameOfEntries(
  first: number,
  count: number,
  entries: Uint8Array,
  start = 0,
  end: number = entries.length,
): Uint8Array {
  const frame = new Uint8Array(BATCH_HEADER_BYTES + end - start);
  frame.set(start === 0 && end === entries.length ? entries : entries.subarray(start, end), BATCH_HEADER_BYTES);
  putBatchHeader(frame, first, count);
  return frame;
}

function putBatchHeader(frame: Uint8Array, first: number, count: number): void {
  putU64(frame, 0, frame.length - FRAME_HEADER_BYTES);
  frame[FRAME_HEADER_BYTES] = TYPE.batch;
  putU64(frame, FRAME_HEADER_BYTES + 1, first);
  putU32(frame, FRAME_HEADER_BYTES + 9, count);
}

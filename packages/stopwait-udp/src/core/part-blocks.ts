/** A part as blocks: written in order, each once, digested as it grows (docs/stopwait-udp.md, S51). For both receivers of v2. */

import type { FileEffect, Sha256 } from "./contract.js";
import { GatheredSha256 } from "./gathered-sha256.js";
import { blockCount } from "./source-blocks.js";

export interface PartRange {
  /** The id under which the part is open. */
  readonly part: number;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Where block 0 begins: the part holds so many bytes. */
  readonly offset: number;
  readonly blockBytes: number;
  /** In blocks. */
  readonly window: number;
  /** Grown over the first `offset` bytes. */
  readonly sha256: Sha256;
}

/**
 * What became of a block: it was the `next`, and is being written with what was kept behind it; it is ahead, and `kept`;
 * it is `pending`, kept or being written already; it has been `written` before; it is `wrong` (of another length than it
 * must have, or beyond the window).
 */
export type Taken = "next" | "kept" | "pending" | "written" | "wrong";

export class PartBlocks {
  readonly count: number;
  readonly #range: PartRange;
  readonly #sha256: GatheredSha256;
  readonly #kept = new Map<number, Uint8Array>();
  #accepted = 0;
  #written = 0;
  #digest: Uint8Array | undefined;

  constructor(range: PartRange) {
    this.#range = range;
    this.#sha256 = new GatheredSha256(range.sha256, range.blockBytes);
    this.count = blockCount(range.size, range.offset, range.blockBytes);
  }

  /** The next block expected: all below it are written or being written. */
  get accepted(): number {
    return this.#accepted;
  }

  get written(): number {
    return this.#written;
  }

  get isWhole(): boolean {
    return this.#written === this.count;
  }

  /** Bytes of the file that are written or being written, the offset included. */
  get acceptedBytes(): number {
    return Math.min(this.#range.offset + this.#accepted * this.#range.blockBytes, this.#range.size);
  }

  /** Blocks above `accepted` that are kept. */
  get keptBlocks(): number {
    return this.#kept.size;
  }

  /** Bit i: block `accepted` + 1 + i is kept. */
  get sack(): number {
    let bits = 0;
    for (const block of this.#kept.keys()) bits |= 1 << (block - this.#accepted - 1);
    return bits >>> 0;
  }

  /** Blocks that may be sent from `accepted` on, where `window` may be written or kept at a time. */
  credit(window: number): number {
    return Math.max(0, this.#written + window - this.#accepted);
  }

  /** Length that a block must have; 0 for one that does not exist. */
  lengthOf(block: number): number {
    const { size, offset, blockBytes } = this.#range;
    return Math.max(0, Math.min(blockBytes, size - offset - block * blockBytes));
  }

  /** Takes a block; `writes` gets an effect for each that is to be written now. `bytes` may be kept. */
  take(block: number, isLast: boolean, bytes: Uint8Array, newId: () => number, writes: FileEffect[]): Taken {
    if (block >= this.count || bytes.length !== this.lengthOf(block)) return "wrong";
    if (isLast !== (block === this.count - 1)) return "wrong";
    if (block < this.#written) return "written";
    if (block < this.#accepted || this.#kept.has(block)) return "pending";
    if (block >= this.#written + this.#range.window) return "wrong";
    if (block > this.#accepted) {
      this.#kept.set(block, bytes);
      return "kept";
    }
    for (let next: Uint8Array | undefined = bytes; next !== undefined; ) {
      this.#write(next, newId(), writes);
      next = this.#kept.size === 0 ? undefined : this.#kept.get(this.#accepted);
      this.#kept.delete(this.#accepted);
    }
    return "next";
  }

  /** One of the writes has ended, in their order. */
  wrote(): void {
    this.#written++;
  }

  /** Of the whole file, once all of it was taken. */
  digest(): Uint8Array {
    this.#digest ??= this.#sha256.digest();
    return this.#digest;
  }

  /** The digest of what was taken so far, ready to grow on elsewhere. */
  prefix(): Sha256 {
    return this.#sha256.copy();
  }

  fingerprint(): string {
    return `${this.#written},${this.#accepted}/${this.count},${[...this.#kept.keys()].sort().join("+")}`;
  }

  #write(bytes: Uint8Array, id: number, writes: FileEffect[]): void {
    const { part, offset, blockBytes } = this.#range;
    writes.push({ type: "write-part", id, part, offset: offset + this.#accepted * blockBytes, bytes });
    this.#sha256.update(bytes);
    this.#accepted++;
  }
}

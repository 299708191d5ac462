/**
 * A part as blocks: written in order, each once, digested once they are written (docs/stopwait-udp.md, S51). For both
 * receivers of v2. Taking a block and asking for its write are two steps, so that its answer can go out between them: the
 * other end is at work again while this one writes and digests.
 */

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
 * What became of a block: it was the `next`, and is to be written with what was kept behind it; it is ahead, and `kept`;
 * it is `pending`, kept or taken already, and not written; it has been `written` before; it is `wrong` (of another length than it
 * must have, or beyond the window).
 */
export type Taken = "next" | "kept" | "pending" | "written" | "wrong";

export class PartBlocks {
  readonly count: number;
  readonly #range: PartRange;
  readonly #sha256: GatheredSha256;
  readonly #kept = new Map<number, Uint8Array>();
  /** The blocks from `written` up to `accepted`. */
  readonly #unwritten: Uint8Array[] = [];
  /** How many of these are being written. */
  #writing = 0;
  #accepted = 0;
  #written = 0;
  #digest: Uint8Array | undefined;

  constructor(range: PartRange) {
    this.#range = range;
    this.#sha256 = new GatheredSha256(range.sha256, range.blockBytes);
    this.count = blockCount(range.size, range.offset, range.blockBytes);
  }

  /** The next block expected: all below it are written, or will be once the disk has done those before. */
  get accepted(): number {
    return this.#accepted;
  }

  get written(): number {
    return this.#written;
  }

  get isWhole(): boolean {
    return this.#written === this.count;
  }

  /** Bytes of the file that are written or will be, the offset included. */
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

  /**
   * Blocks that may be sent from `accepted` on: at most `window`, and no more than `window` + 1 are waiting for the disk or
   * kept at a time. The one is what is written while the next is under way.
   */
  credit(window: number): number {
    return Math.max(0, Math.min(window, this.#written + window + 1 - this.#accepted));
  }

  /** Length that a block must have; 0 for one that does not exist. */
  lengthOf(block: number): number {
    const { size, offset, blockBytes } = this.#range;
    return Math.max(0, Math.min(blockBytes, size - offset - block * blockBytes));
  }

  /** Takes a block; `write` must follow. `bytes` are kept until they are written. */
  take(block: number, isLast: boolean, bytes: Uint8Array): Taken {
    if (block >= this.count || bytes.length !== this.lengthOf(block)) return "wrong";
    if (isLast !== (block === this.count - 1)) return "wrong";
    if (block < this.#written) return "written";
    if (block < this.#accepted || this.#kept.has(block)) return "pending";
    if (block >= this.#accepted + this.credit(this.#range.window)) return "wrong";
    if (block > this.#accepted) {
      this.#kept.set(block, bytes);
      return "kept";
    }
    for (let next: Uint8Array | undefined = bytes; next !== undefined; ) {
      this.#unwritten.push(next);
      this.#accepted++;
      next = this.#kept.size === 0 ? undefined : this.#kept.get(this.#accepted);
      this.#kept.delete(this.#accepted);
    }
    return "next";
  }

  /** Asks for the writes of what was taken since the last call. */
  write(newId: () => number, writes: FileEffect[]): void {
    const { part, offset, blockBytes } = this.#range;
    for (; this.#writing < this.#unwritten.length; this.#writing++) {
      const bytes = this.#unwritten[this.#writing] as Uint8Array;
      const at = offset + (this.#written + this.#writing) * blockBytes;
      writes.push({ type: "write-part", id: newId(), part, offset: at, bytes });
    }
  }

  /** One of the writes has ended, in their order. */
  wrote(): void {
    this.#sha256.update(this.#unwritten.shift() as Uint8Array);
    this.#writing--;
    this.#written++;
  }

  /** Of the whole file, once all of it is written. */
  digest(): Uint8Array {
    this.#digest ??= this.#sha256.digest();
    return this.#digest;
  }

  /** The digest of what is written, ready to grow on elsewhere. */
  prefix(): Sha256 {
    return this.#sha256.copy();
  }

  fingerprint(): string {
    return `${this.#written},${this.#accepted}/${this.count},${[...this.#kept.keys()].sort().join("+")}`;
  }
}

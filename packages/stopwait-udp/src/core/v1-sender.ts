/** The strict sender of v1: which block is outstanding, and what an acknowledgement does (docs/stopwait-udp.md, S8). */

import { V1_BLOCK_BYTES } from "./v1-packet.js";

/** Blocks that one read of the file brings: 6,400 bytes, which is all that a sender holds. */
const BLOCKS_PER_READ = 64;

export class V1Sender {
  /** N = ceil(size / 100). */
  readonly blocks: number;
  readonly #size: number;
  /** The block that was sent, or is to be sent, and not acknowledged; above `blocks` when all are. */
  #outstanding = 1;
  /** What the last read brought, and where it begins. */
  #chunk: Uint8Array = new Uint8Array();
  #chunkOffset = 0;

  /** @param size bytes of the file */
  constructor(size: number) {
    this.#size = size;
    this.blocks = Math.ceil(size / V1_BLOCK_BYTES);
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  get isDone(): boolean {
    return this.#outstanding > this.blocks;
  }

  /** Bytes of the file that the receiver has acknowledged. */
  get acknowledgedBytes(): number {
    return Math.min(this.#size, (this.#outstanding - 1) * V1_BLOCK_BYTES);
  }

  /**
   * `counts`: the outstanding block arrived. `repeats`: the receiver still has only the block before it. Any other
   * acknowledgement is old or invented, and is dropped.
   */
  acknowledge(number: number): "counts" | "repeats" | "dropped" {
    if (number >= 1 && number === this.#outstanding - 1) return "repeats";
    if (this.isDone || number !== this.#outstanding) return "dropped";
    this.#outstanding++;
    return "counts";
  }

  /** The bytes of the outstanding block; undefined until `wantedRead` was answered. */
  block(): Uint8Array | undefined {
    const start = (this.#outstanding - 1) * V1_BLOCK_BYTES - this.#chunkOffset;
    const end = Math.min(start + V1_BLOCK_BYTES, this.#size - this.#chunkOffset);
    return start >= 0 && end <= this.#chunk.length ? this.#chunk.subarray(start, end) : undefined;
  }

  /** What to read next, when there is no `block`. */
  wantedRead(): { readonly offset: number; readonly length: number } {
    const offset = (this.#outstanding - 1) * V1_BLOCK_BYTES;
    return { offset, length: Math.min(BLOCKS_PER_READ * V1_BLOCK_BYTES, this.#size - offset) };
  }

  /** The answer to `wantedRead`. */
  take(bytes: Uint8Array): void {
    this.#chunkOffset = this.wantedRead().offset;
    this.#chunk = bytes;
  }

  fingerprint(): string {
    return `block ${this.#outstanding} of ${this.#size} bytes, chunk ${this.#chunkOffset}+${this.#chunk.length}`;
  }
}

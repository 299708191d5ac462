/** The strict receiver of v1: which block is written, and what an arriving one does (docs/stopwait-udp.md, S7). */

import { V1_BLOCK_BYTES } from "./v1-packet.js";

export class V1Receiver {
  /** The last block that is on the disk; 0 for none. */
  #written = 0;
  /** Length of the block that is being written; undefined when none is. */
  #writing: number | undefined;
  /** A block of fewer than 100 bytes is the last one. */
  #isShort = false;
  #bytes = 0;

  /** The number of the last block written, 0 for none: the only one that is ever acknowledged. */
  get written(): number {
    return this.#written;
  }

  /** Bytes written; the next block begins here. */
  get bytes(): number {
    return this.#bytes;
  }

  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /**
   * What a block does. `new`: it is to be written at `bytes`, and `wrote` is to be called when it is. `repeated`: it is
   * the one last written. `dropped`: everything else, which is never acknowledged.
   */
  offer(number: number, length: number): "new" | "repeated" | "dropped" {
    if (this.isWriting) return "dropped"; // its acknowledgement follows by itself
    if (number === this.#written) return "repeated";
    if (number !== this.#written + 1 || this.#isShort) return "dropped";
    this.#writing = length;
    return "new";
  }

  /** The block is on the disk. */
  wrote(): void {
    const length = this.#writing ?? 0;
    this.#writing = undefined;
    this.#written++;
    this.#bytes += length;
    this.#isShort = length < V1_BLOCK_BYTES;
  }

  fingerprint(): string {
    const writing = this.isWriting ? ` writing ${this.#writing}` : "";
    return `written ${this.#written} blocks, ${this.#bytes} bytes${writing}${this.#isShort ? " short" : ""}`;
  }
}

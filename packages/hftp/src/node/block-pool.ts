/** Buffers that the transfers of a server share: one for reading in place, a bounded number for reading ahead. */

/** Bytes of a block: eight pieces of a slice, so that a trip to the thread pool is paid once for all of them. */
const BLOCK_BYTES = 8 * 72 * 1024;

export class BlockPool {
  readonly #free: Buffer[] = [];
  #lent = 0;
  #scratch: Buffer = Buffer.alloc(0);
  readonly #max: number;

  /** @param max blocks lent at a time; 32 blocks are 18 MiB */
  constructor(max: number) {
    this.#max = max;
  }

  /** A block, or undefined where all are lent. Give it back with giveBack(). */
  borrow(): Buffer | undefined {
    if (this.#lent === this.#max) return undefined;
    this.#lent++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  /** A buffer for what is used up before anything else runs; the next call hands out the same memory. */
  scratch(length: number): Buffer {
    if (this.#scratch.length < length) this.#scratch = Buffer.allocUnsafeSlow(Math.max(length, 72 * 1024));
    return this.#scratch;
  }

  giveBack(block: Buffer): void {
    this.#lent--;
    this.#free.push(block);
  }
}

/** Buffers for reading ahead, kept for the next transfer and bounded in number. */

/** Bytes of a block: eight pieces of a slice, so that a trip to the thread pool is paid once for all of them. */
export const BLOCK_BYTES: number = 8 * 72 * 1024;

export class BlockPool {
  readonly #free: Buffer[] = [];
  #lent = 0;
  readonly #max: number;

  /** @param max blocks lent at a time; 32 blocks are 18 MiB */
  constructor(max = 32) {
    this.#max = max;
  }

  /** A block, or undefined where all are lent. Give it back with giveBack(). */
  borrow(): Buffer | undefined {
    if (this.#lent === this.#max) return undefined;
    this.#lent++;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(BLOCK_BYTES);
  }

  giveBack(block: Buffer): void {
    this.#lent--;
    this.#free.push(block);
  }
}

/** Which block a v2 sender sends next (docs/stopwait-udp.md, S36, S50): go back to the first missing one, skip what the sack names. */

export class SendWindow {
  /** Blocks of the transfer. */
  readonly count: number;
  /** The first block that is not acknowledged. */
  base = 0;
  /** Blocks from here on may not be sent yet. */
  limit = 0;
  #pointer = 0;
  /** One more than the highest block ever sent. */
  #sent = 0;
  /** Bit i: the receiver has block base + 1 + i. */
  #sack = 0;

  constructor(count: number) {
    this.count = count;
  }

  get isDone(): boolean {
    return this.base === this.count;
  }

  /** Blocks that were sent since the last `rewind` and are not acknowledged. */
  get underWay(): number {
    return this.#pointer - this.base;
  }

  /** Takes an acknowledgement. @returns blocks acknowledged for the first time; undefined for one that cannot be, or is older */
  acknowledge(next: number, sack: number): number | undefined {
    if (next < this.base || next > this.#sent) return undefined;
    const blocks = next - this.base;
    this.#sack = blocks === 0 ? this.#sack | sack : sack;
    this.base = next;
    this.#pointer = Math.max(this.#pointer, next);
    return blocks;
  }

  /** A timeout: all that is missing is sent again. */
  rewind(): void {
    this.#pointer = this.base;
  }

  /** The block to send now; undefined where none may be. `sent` must follow. */
  next(): number | undefined {
    const end = Math.min(this.limit, this.count);
    while (this.#pointer < end && this.#has(this.#pointer)) this.#pointer++;
    return this.#pointer < end ? this.#pointer : undefined;
  }

  /** The block that comes after all that were sent; `count` where there is none. */
  get fresh(): number {
    return this.#sent;
  }

  /** Whether what `next` gives was sent before. */
  get isRetry(): boolean {
    return this.#pointer < this.#sent;
  }

  /** What `next` gave is on its way. */
  sent(): void {
    this.#pointer++;
    this.#sent = Math.max(this.#sent, this.#pointer);
  }

  fingerprint(): string {
    return `${this.base}/${this.count},${this.#pointer},${this.#sent},${this.limit},${this.#sack}`;
  }

  #has(block: number): boolean {
    const bit = block - this.base - 1;
    return bit >= 0 && bit < 32 && ((this.#sack >>> bit) & 1) === 1;
  }
}

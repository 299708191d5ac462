/** How many blocks may be under way (docs/stopwait-udp.md, S50): slow start to the first loss, then AIMD. */

/** Bytes that a kernel counts for a datagram beside its payload, at most, in the small sizes. */
const DATAGRAM_OVERHEAD_BYTES = 1_024;

/** Datagrams of `datagramBytes` that a receive buffer holds; at least 1. */
export function datagramsIn(receiveBufferBytes: number, datagramBytes: number): number {
  return Math.max(1, Math.floor(receiveBufferBytes / (datagramBytes + DATAGRAM_OVERHEAD_BYTES)));
}

export class CongestionWindow {
  readonly #most: number;
  #size: number;
  #lost = false;

  /** @param most the agreed window; 1 makes it stop-and-wait */
  constructor(most: number) {
    this.#most = most;
    this.#size = Math.min(2, most);
  }

  /** Whole blocks, at least 1. */
  get blocks(): number {
    return Math.floor(this.#size);
  }

  acknowledged(blocks: number): void {
    for (let count = 0; count < blocks && this.#size < this.#most; count++)
      this.#size += this.#lost ? 1 / this.#size : 1;
    this.#size = Math.min(this.#size, this.#most);
  }

  timedOut(): void {
    this.#lost = true;
    this.#size = Math.max(1, Math.floor(this.#size / 2));
  }

  fingerprint(): string {
    return `${this.#size}${this.#lost ? "a" : "s"}`;
  }
}

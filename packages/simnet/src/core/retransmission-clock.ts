/** How long to wait for an acknowledgement before sending again: RFC 6298, with other bounds. */

const INITIAL_MS = 1_000;

export class RetransmissionClock {
  readonly #minMs: number;
  readonly #maxMs: number;
  #smoothed: number | undefined;
  #variation = 0;
  #backoff = 1;

  constructor(minMs: number, maxMs: number) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  get timeoutMs(): number {
    const measured = this.#smoothed === undefined ? INITIAL_MS : this.#smoothed + 4 * this.#variation;
    return Math.min(this.#maxMs, Math.max(this.#minMs, measured) * this.#backoff);
  }

  /** A segment that was sent once was acknowledged after `ms` (Karn: the others say nothing). */
  measured(ms: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = ms;
      this.#variation = ms / 2;
    } else {
      this.#variation = 0.75 * this.#variation + 0.25 * Math.abs(this.#smoothed - ms);
      this.#smoothed = 0.875 * this.#smoothed + 0.125 * ms;
    }
  }

  /** Something new was acknowledged. */
  moved(): void {
    this.#backoff = 1;
  }

  expired(): void {
    if (this.timeoutMs < this.#maxMs) this.#backoff *= 2;
  }
}

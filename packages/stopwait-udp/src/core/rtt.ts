/** The retransmission timeout of RFC 6298, in milliseconds (docs/stopwait-udp.md, S42). */

export interface RttLimits {
  /** Before the first sample. */
  readonly initialRtoMs: number;
  readonly minRtoMs: number;
  readonly maxRtoMs: number;
}

/**
 * G of RFC 6298, 2.3: what the round trips may differ by without the estimator having seen it. Where they never do, the
 * timeout would become the round trip itself, and every packet a race between the answer and the timer.
 */
const GRANULARITY_MS = 10;

export class RttEstimator {
  readonly #limits: RttLimits;
  #smoothed: number | undefined;
  #variation = 0;
  #timeout: number;
  #least = Number.POSITIVE_INFINITY;
  #samples = 0;

  constructor(limits: RttLimits) {
    this.#limits = limits;
    this.#timeout = limits.initialRtoMs;
  }

  /** How long to wait for an answer now, back-off included. */
  get timeoutMs(): number {
    return this.#timeout;
  }

  /** SRTT; undefined before the first sample. */
  get smoothedMs(): number | undefined {
    return this.#smoothed;
  }

  /** The shortest sample; undefined before the first. */
  get leastMs(): number | undefined {
    return this.#samples === 0 ? undefined : this.#least;
  }

  get samples(): number {
    return this.#samples;
  }

  /** An answer took `roundTripMs`. Ends a back-off (RFC 6298, 2.2, 2.3 and 5.7). */
  sample(roundTripMs: number): void {
    if (this.#smoothed === undefined) {
      this.#smoothed = roundTripMs;
      this.#variation = roundTripMs / 2;
    } else {
      this.#variation += (Math.abs(this.#smoothed - roundTripMs) - this.#variation) / 4;
      this.#smoothed += (roundTripMs - this.#smoothed) / 8;
    }
    this.#samples++;
    this.#least = Math.min(this.#least, roundTripMs);
    this.#timeout = this.#clamp(this.#smoothed + Math.max(GRANULARITY_MS, 4 * this.#variation));
  }

  /** No answer came in time (RFC 6298, 5.5). */
  backOff(): void {
    this.#timeout = this.#clamp(2 * this.#timeout);
  }

  /** All that decides what `timeoutMs` will be. */
  fingerprint(): string {
    const { minRtoMs, maxRtoMs } = this.#limits;
    if (minRtoMs === maxRtoMs) return String(this.#timeout); // whatever the samples say
    return `${this.#smoothed ?? "-"},${this.#variation},${this.#timeout}`;
  }

  #clamp(ms: number): number {
    return Math.min(Math.max(ms, this.#limits.minRtoMs), this.#limits.maxRtoMs);
  }
}

/** Durations in a bounded memory: exact minimum and mean, percentiles to about 2 %. */

/** Each bucket is this much wider than the one before it. */
const GROWTH = 1.02;
const LOG_GROWTH: number = Math.log(GROWTH);
/** What is shorter counts as this: a microsecond. */
const SHORTEST_MS = 0.001;
/** Up to some 17 minutes. */
const BUCKETS = 1050;

export class DurationHistogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #min = Number.POSITIVE_INFINITY;
  #max = 0;

  add(ms: number): void {
    this.#count++;
    this.#sum += ms;
    if (ms < this.#min) this.#min = ms;
    if (ms > this.#max) this.#max = ms;
    const bucket = Math.floor(Math.log(Math.max(ms, SHORTEST_MS) / SHORTEST_MS) / LOG_GROWTH);
    const index = Math.min(bucket, BUCKETS - 1);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  get count(): number {
    return this.#count;
  }

  get min(): number {
    return this.#min;
  }

  get mean(): number {
    return this.#sum / this.#count;
  }

  /** The duration that a share of all, from 0 to 1, does not exceed. NaN where there is none. */
  percentile(share: number): number {
    if (this.#count === 0) return Number.NaN;
    let left = Math.ceil(share * this.#count);
    for (let index = 0; index < BUCKETS; index++) {
      left -= this.#counts[index] ?? 0;
      if (left <= 0) return Math.min(this.#max, Math.max(this.#min, SHORTEST_MS * GROWTH ** (index + 1)));
    }
    return this.#max;
  }
}

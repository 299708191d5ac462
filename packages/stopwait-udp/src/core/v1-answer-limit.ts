/** How many answers an address gets that nobody has validated (docs/stopwait-udp.md, S26): a token bucket per host. */

interface Bucket {
  tokens: number;
  /** When `tokens` was right. */
  at: number;
}

export class V1AnswerLimit {
  readonly #perSecond: number;
  readonly #maxHosts: number;
  readonly #buckets = new Map<string, Bucket>();

  /** @param perSecond also how many may come at once */
  constructor(perSecond: number, maxHosts: number) {
    this.#perSecond = perSecond;
    this.#maxHosts = maxHosts;
  }

  /** Whether one more packet of this host may be answered. */
  take(now: number, host: string): boolean {
    const bucket = this.#buckets.get(host) ?? this.#newBucket(now, host);
    if (bucket === undefined) return false;
    bucket.tokens = this.#tokens(now, bucket);
    bucket.at = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }

  #newBucket(now: number, host: string): Bucket | undefined {
    if (this.#buckets.size >= this.#maxHosts) {
      for (const [one, bucket] of this.#buckets) {
        if (this.#tokens(now, bucket) === this.#perSecond) this.#buckets.delete(one); // as good as unknown
      }
      if (this.#buckets.size >= this.#maxHosts) return undefined;
    }
    const bucket = { tokens: this.#perSecond, at: now };
    this.#buckets.set(host, bucket);
    return bucket;
  }

  #tokens(now: number, bucket: Bucket): number {
    return Math.min(this.#perSecond, bucket.tokens + ((now - bucket.at) * this.#perSecond) / 1_000);
  }
}

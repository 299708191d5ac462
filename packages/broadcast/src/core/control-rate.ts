/** How often a client may say what brings nothing new (docs/broadcast.md B24): a bucket that fills with time. */

export class ControlRate {
  readonly #perSecond: number;
  /** What may be said now, as of `#at`. */
  #left: number;
  #at: number;

  /** @param perSecond from 1; as many may come at once */
  constructor(perSecond: number, now: number) {
    this.#perSecond = perSecond;
    this.#left = perSecond;
    this.#at = now;
  }

  /** One more was said. False: that was one too many. */
  take(now: number): boolean {
    this.#left = Math.min(this.#perSecond, this.#left + ((now - this.#at) * this.#perSecond) / 1_000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

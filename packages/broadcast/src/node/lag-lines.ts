/** How many lines a log has of members that lag and catch up: one with a window of 1 does so with every message. */

const SECOND_MS = 1_000;

export class LagLines {
  readonly #perSecond: number;
  readonly #now: () => number;
  #since = Number.NEGATIVE_INFINITY;
  #count = 0;
  #leftOut = 0;

  /** @param now milliseconds, monotonic */
  constructor(perSecond: number, now: () => number) {
    this.#perSecond = perSecond;
    this.#now = now;
  }

  /** Whether there is a line for another one. */
  admit(): boolean {
    const now = this.#now();
    if (now >= this.#since + SECOND_MS) {
      this.#since = now;
      this.#count = 0;
    }
    if (this.#count < this.#perSecond) {
      this.#count++;
      return true;
    }
    this.#leftOut++;
    return false;
  }

  /** How many had none, asked before the next event of any kind: told once, when that second is over; 0: there is nothing to tell. */
  takeLeftOut(): number {
    if (this.#leftOut === 0 || this.#now() < this.#since + SECOND_MS) return 0;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    return leftOut;
  }
}

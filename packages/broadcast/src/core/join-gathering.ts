/** Of many who come at once the joins are one append: else each of them would be a BATCH to everybody who is there already (docs/broadcast.md B9). */

/** So many joins are appended as they come ... */
const AS_THEY_COME = 16;
/** ... within so many milliseconds; what is above it waits until these are over. */
const GATHER_MS = 10;

export class JoinGathering {
  #since = Number.NEGATIVE_INFINITY;
  /** Joins since then. */
  #count = 0;
  /** Just before there were too many, and so all of them wait. */
  #isBusy = false;
  /** How many entries wait, and when they are appended at the latest; 0: none does. */
  #waiting = 0;
  #dueAt = 0;

  /** Another one joined. Undefined: it is appended as it comes; else when it is at the latest. */
  joined(now: number, waiting: number): number | undefined {
    if (now >= this.#since + GATHER_MS) {
      this.#isBusy = this.#count > AS_THEY_COME && now < this.#since + 2 * GATHER_MS;
      this.#since = now;
      this.#count = 0;
    }
    this.#count++;
    if (this.#waiting === 0) {
      if (!this.#isBusy && this.#count <= AS_THEY_COME) return undefined;
      this.#dueAt = this.#since + GATHER_MS;
    }
    this.#waiting = waiting;
    return this.#dueAt;
  }

  /** Until when entries may wait that are all there is to append; undefined: they are appended now. */
  mayWait(count: number, now: number): number | undefined {
    return count === this.#waiting && count > 0 && now < this.#dueAt ? this.#dueAt : undefined;
  }

  /** All is appended. */
  appended(): void {
    this.#waiting = 0;
  }
}

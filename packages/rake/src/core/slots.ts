/** The slots of a server: each is free, reserved by a bid, or in use by a run (docs/rake.md R19, R26). */

/** A slot that is not free, and until when that is expected to be so. */
export interface Slot {
  isRunning: boolean;
  until: number;
}

/** What a client is told to wait where a run takes longer than was expected. */
const OVERDUE_MS = 100;
const LEAST_RETRY_MS = 5;

export class Slots {
  readonly total: number;
  readonly #taken = new Set<Slot>();
  /** Who waits for one, in their order (R11). */
  readonly #waiting: ((now: number) => void)[] = [];
  #running = 0;

  constructor(total: number) {
    this.total = total;
  }

  get reserved(): number {
    return this.#taken.size - this.#running;
  }

  get running(): number {
    return this.#running;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** A reserved one; undefined where none is free. */
  reserve(until: number): Slot | undefined {
    if (this.#taken.size >= this.total) return undefined;
    const slot: Slot = { isRunning: false, until };
    this.#taken.add(slot);
    return slot;
  }

  /** What was reserved is in use from now on, or the other way. */
  turn(slot: Slot, isRunning: boolean, until: number): void {
    slot.until = until;
    if (slot.isRunning === isRunning) return;
    slot.isRunning = isRunning;
    this.#running += isRunning ? 1 : -1;
  }

  /** It goes to the first who waits, if anybody does. */
  free(slot: Slot, now: number): void {
    if (!this.#taken.delete(slot)) return;
    if (slot.isRunning) this.#running--;
    this.#waiting.shift()?.(now);
  }

  /** `ready` is called when a slot is free, and takes it. */
  wait(ready: (now: number) => void): void {
    this.#waiting.push(ready);
  }

  waitNoMore(ready: (now: number) => void): void {
    const at = this.#waiting.indexOf(ready);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** After how many milliseconds one is expected to be free; 0 where one is. */
  freeIn(now: number): number {
    if (this.#taken.size < this.total) return 0;
    let least = Number.POSITIVE_INFINITY;
    for (const { until } of this.#taken) {
      least = Math.min(least, until > now ? Math.max(LEAST_RETRY_MS, Math.ceil(until - now)) : OVERDUE_MS);
    }
    return least;
  }
}

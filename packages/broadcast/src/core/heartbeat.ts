/** When to say something, and when to believe that nobody is there (docs/broadcast.md B24). */

/** Until a WELCOME says another. */
const DEFAULT_MS = 5_000;
/** Three of them are the longest delay that timers take. */
const MAX_HEARTBEAT_MS = Math.floor((2 ** 31 - 1) / 3);

export class Heartbeat {
  #ms: number = DEFAULT_MS;
  #saidAt: number;
  #heardAt: number;
  /** This side does not read: it hears nothing by its own doing. */
  #isDeaf = false;
  /** What was sent is not taken: it would wait behind that. */
  #isFull = false;

  constructor(now: number) {
    this.#saidAt = now;
    this.#heardAt = now;
  }

  set ms(ms: number) {
    this.#ms = Math.min(ms, MAX_HEARTBEAT_MS);
  }

  said(now: number): void {
    this.#saidAt = now;
  }

  heard(now: number): void {
    this.#heardAt = now;
  }

  deaf(now: number, isDeaf: boolean): void {
    this.#isDeaf = isDeaf;
    this.#heardAt = now;
  }

  full(now: number, isFull: boolean): void {
    this.#isFull = isFull;
    this.#saidAt = now;
  }

  /** Nothing was said for a heartbeat. */
  mustSay(now: number): boolean {
    return !this.#isFull && now >= this.#saidAt + this.#ms;
  }

  /** Nothing was heard for three. */
  isOver(now: number): boolean {
    return !this.#isDeaf && now >= this.#heardAt + 3 * this.#ms;
  }

  /** @param isOpen pings are said behind a WELCOME alone */
  nextDeadline(isOpen: boolean): number {
    const say = isOpen && !this.#isFull ? this.#saidAt + this.#ms : Number.POSITIVE_INFINITY;
    return this.#isDeaf ? say : Math.min(say, this.#heardAt + 3 * this.#ms);
  }
}

/** When a server asks whether a client is there, and when it believes that it is not (docs/rake.md R27). */

/** Heartbeats without a message, after which it is lost ... */
const LOST_AFTER = 3;
/** ... and where it is not read from, because it does not take what it is sent. */
const LOST_WHILE_FULL_AFTER = 30;

export class ServerHeartbeat {
  readonly #ms: number;
  #heardAt: number;
  #pingedAt: number;
  #isFull = false;

  constructor(ms: number, now: number) {
    this.#ms = ms;
    this.#heardAt = now;
    this.#pingedAt = now;
  }

  heard(now: number): void {
    this.#heardAt = now;
    this.#pingedAt = now;
  }

  full(isFull: boolean, now: number): void {
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.heard(now);
  }

  pinged(now: number): void {
    this.#pingedAt = now;
  }

  mustPing(now: number): boolean {
    return !this.#isFull && now >= this.#pingedAt + this.#ms;
  }

  isLost(now: number): boolean {
    return now >= this.#lostAt;
  }

  deadline(): number {
    return this.#isFull ? this.#lostAt : Math.min(this.#lostAt, this.#pingedAt + this.#ms);
  }

  get #lostAt(): number {
    return this.#heardAt + (this.#isFull ? LOST_WHILE_FULL_AFTER : LOST_AFTER) * this.#ms;
  }
}

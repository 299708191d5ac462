/** When a client acknowledges what its application has handled (docs/broadcast.md B20). */

export class Acknowledgements {
  readonly #window: number;
  #every = 64;
  #afterMs = 20;
  /** As the server knows it. */
  #acked = 0;
  #dueAt = Number.POSITIVE_INFINITY;

  constructor(window: number) {
    this.#window = window;
  }

  /** A connection begins; all up to `last` was handled before. */
  begin(last: number, every: number, afterMs: number): void {
    this.#acked = last;
    this.#every = this.#window < every ? Math.max(1, Math.floor(this.#window / 2)) : Math.max(1, every);
    this.#afterMs = afterMs;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  /** All up to it are handled. */
  handled(now: number, upTo: number): void {
    if (upTo <= this.#acked) return;
    if (upTo - this.#acked >= this.#every) this.#dueAt = now;
    else this.#dueAt = Math.min(this.#dueAt, now + this.#afterMs);
  }

  /** One is to be said now, whatever was handled. */
  demand(now: number): void {
    this.#dueAt = now;
  }

  isDue(now: number): boolean {
    return now >= this.#dueAt;
  }

  /** Whether there is anything to say. */
  isBehind(upTo: number): boolean {
    return upTo > this.#acked;
  }

  sent(upTo: number): void {
    this.#acked = upTo;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  disconnected(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  nextDeadline(): number {
    return this.#dueAt;
  }
}

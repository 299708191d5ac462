/** The one timer of a v2 client: when to send again, and when to give up (docs/stopwait-udp.md, S42, S43). */

/** How many times `giveUpMs` a server that works on the transfer may hold a client in one place. */
export const WAITS_FOR_WORK = 10;
/** The same while the server has not forgotten the session that this one goes on from, which takes it 30 s. */
export const WAITS_FOR_PART = 2;

export class V2ClientClock {
  readonly #giveUpMs: number;
  #rtoAt: number | undefined;
  #giveUpAt = 0;
  #waitsUntil: number | undefined;
  #inARow = 0;
  #timeouts = 0;

  constructor(giveUpMs: number) {
    this.#giveUpMs = giveUpMs;
  }

  /** Undefined while nothing is awaited from the network. */
  get deadline(): number | undefined {
    return this.#rtoAt === undefined ? undefined : Math.min(this.#rtoAt, this.#giveUpAt);
  }

  /** All timeouts so far. */
  get timeouts(): number {
    return this.#timeouts;
  }

  /** Timeouts since the last progress. */
  get timeoutsInARow(): number {
    return this.#inARow;
  }

  /** An answer is to come within `forMs`. */
  awaitAnswer(now: number, forMs: number): void {
    this.#rtoAt = now + forMs;
  }

  awaitNothing(): void {
    this.#rtoAt = undefined;
  }

  progress(now: number): void {
    this.#giveUpAt = now + this.#giveUpMs;
    this.#waitsUntil = undefined;
    this.#inARow = 0;
  }

  /** The server is alive, and asks for patience: for so many times `giveUpMs` in all. */
  wait(now: number, times: number): void {
    this.#waitsUntil ??= now + times * this.#giveUpMs;
    this.#giveUpAt = Math.min(now + this.#giveUpMs, this.#waitsUntil);
  }

  /** A new session begins; it makes progress when it is accepted. */
  restart(): void {
    this.#inARow = 0;
  }

  /** What is due at `now`; a timeout is counted. */
  expire(now: number): "timeout" | "over" | undefined {
    if (this.deadline === undefined || now < this.deadline) return undefined;
    if (now >= this.#giveUpAt) return "over";
    this.#inARow++;
    this.#timeouts++;
    return "timeout";
  }

  /** Equal for clocks that will behave alike; times are relative to `now`. */
  fingerprint(now: number): string {
    const relative = (time: number | undefined): string => (time === undefined ? "-" : String(time - now));
    const giveUpAt = this.#rtoAt === undefined ? undefined : this.#giveUpAt; // it is set anew before it counts again
    return `${relative(this.#rtoAt)},${relative(giveUpAt)},${relative(this.#waitsUntil)},${this.#inARow}`;
  }
}

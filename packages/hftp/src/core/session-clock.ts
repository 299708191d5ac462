/** What a server session waits for, and until when: timeouts and rates, told the time by its owner (H13, H20, H21). */
import type { ResolvedServerOptions } from "./server-options.js";

/** What comes, at the latest, at a time: the client takes, the client closes, a rate allows, the disk answers, the client asks. */
export interface Wait {
  readonly for: "drain" | "close" | "rate" | "effect" | "request";
  readonly until: number;
}

export class SessionClock {
  readonly #options: ResolvedServerOptions;
  #movedAt = 0;
  #undrained = 0;
  #lineBegan: number | undefined;
  #nextRequestAt = 0;
  #nextPieceAt = 0;
  #rateUntil: number | undefined;

  constructor(options: ResolvedServerOptions) {
    this.#options = options;
  }

  /** When something moved last. */
  get movedAt(): number {
    return this.#movedAt;
  }

  /** Whether so much was sent and not taken that nothing more is to be produced (H19). */
  get isFull(): boolean {
    return this.#undrained >= this.#options.highWaterBytes;
  }

  /** A byte came, an effect ended, the last reply is out. */
  moved(now: number): void {
    this.#movedAt = now;
  }

  sent(wireBytes: number): void {
    this.#undrained += wireBytes;
  }

  drained(now: number): void {
    if (this.#undrained === 0) return;
    this.#undrained = 0;
    this.#movedAt = now;
  }

  /** All input was looked at; a line has begun and not ended, or not. */
  inputSeen(now: number, inLine: boolean): void {
    this.#lineBegan = inLine ? (this.#lineBegan ?? now) : undefined;
  }

  requestTaken(now: number): void {
    this.#lineBegan = undefined;
    this.#nextRequestAt = now + 1000 / this.#options.maxRequestsPerSecond;
  }

  pieceSent(now: number, fileBytes: number): void {
    this.#nextPieceAt = now + (1000 * fileBytes) / this.#options.maxBytesPerSecond;
  }

  /** Whether the rate allows another request, or piece, now; where not, wait() says when it does. */
  allows(what: "request" | "piece", now: number): boolean {
    const at = what === "request" ? this.#nextRequestAt : this.#nextPieceAt;
    this.#rateUntil = now < at ? at : undefined;
    return this.#rateUntil === undefined;
  }

  /** No rate holds anything up. */
  forgetRate(): void {
    this.#rateUntil = undefined;
  }

  wait(isClosing: boolean, isReplying: boolean): Wait {
    const { stallTimeoutMs, lingerTimeoutMs, idleTimeoutMs, requestTimeoutMs } = this.#options;
    const after = (ms: number): number => this.#movedAt + ms;
    if (this.#undrained > 0) return { for: "drain", until: after(stallTimeoutMs) };
    if (isClosing) return { for: "close", until: after(lingerTimeoutMs) };
    if (this.#rateUntil !== undefined) return { for: "rate", until: this.#rateUntil };
    if (isReplying) return { for: "effect", until: after(stallTimeoutMs) };
    const whole = this.#lineBegan === undefined ? Number.POSITIVE_INFINITY : this.#lineBegan + requestTimeoutMs;
    return { for: "request", until: Math.min(after(idleTimeoutMs), whole) };
  }
}

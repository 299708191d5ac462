/** The sending half of one end of a connection: what was written, what is on its way, what has to go out again. */

import type { Random } from "./random.js";
import { RetransmissionClock } from "./retransmission-clock.js";
import type { ResolvedStreamOptions } from "./stream-options.js";
import { NO_BYTES } from "./stream-segment.js";

/** RFC 5681 3.2: the third repetition of an acknowledgement means a loss, fewer may be reordering. */
const REPEATED_UNTIL_LOST = 3;

/** A segment that was sent and is not acknowledged. */
export interface InFlight {
  readonly carries: "opening" | "bytes" | "end";
  readonly sequence: number;
  readonly bytes: Uint8Array;
  /** The number behind it. */
  readonly next: number;
  sentAt: number;
  transmissions: number;
}

export class StreamSender {
  readonly #options: ResolvedStreamOptions;
  readonly #random: Random;
  readonly #retransmission: RetransmissionClock;
  /** Written and not sent. */
  readonly #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  readonly #flight: InFlight[] = [];
  #next = 0;
  #acknowledged = 0;
  /** The first number for which the other side has no room. */
  #limit = 1;
  #endAsked = false;
  #endSent = false;
  #drainedWanted = false;
  /** Since when something that was sent has found no answer of any kind. */
  #unansweredSince: number | undefined;
  #isTimerOn = false;
  #expiresAt = Number.POSITIVE_INFINITY;
  /** Everything below was sent before a loss was noticed: when only a part of it is acknowledged, more was lost (RFC 6582). */
  #recoverBelow = 0;
  /** Acknowledgements in a row that brought nothing new: later segments have arrived, the oldest has not. */
  #repeated = 0;

  constructor(options: ResolvedStreamOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#retransmission = new RetransmissionClock(options.minRetransmitMs, options.maxRetransmitMs);
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /** Number of what would be sent next. */
  get next(): number {
    return this.#next;
  }

  /** The other side has our opening: the connection stands. */
  get isOpen(): boolean {
    return this.#acknowledged > 0;
  }

  /** The other side has all, the end included. */
  get isDone(): boolean {
    return this.#endSent && this.#acknowledged === this.#next;
  }

  /** The program has said that it writes no more. */
  get isEnding(): boolean {
    return this.#endAsked;
  }

  /** A copy is kept: the program may use its buffer again. */
  write(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#unsent.push(new Uint8Array(bytes)); // slice() of a Buffer would be no copy
    this.#unsentBytes += bytes.length;
    if (this.#unsentBytes > this.#options.highWaterBytes) this.#drainedWanted = true;
  }

  end(): void {
    this.#endAsked = true;
  }

  /** True once, when all is sent that was written above the high-water mark. */
  takeDrained(): boolean {
    if (!this.#drainedWanted || this.#unsentBytes > 0) return false;
    this.#drainedWanted = false;
    return true;
  }

  /** Whether `takeDrained` would say so. */
  get isDrained(): boolean {
    return this.#drainedWanted && this.#unsentBytes === 0;
  }

  /** The next new segment that may go out now. */
  nextSegment(now: number): InFlight | undefined {
    if (this.#next === 0) return this.#enterFlight(now, "opening", NO_BYTES, 1);
    if (!this.isOpen) return undefined;
    if (this.#unsentBytes > 0) {
      const room = Math.min(this.#limit, this.#acknowledged + this.#options.sendBufferBytes) - this.#next;
      const length = Math.min(room, this.#unsentBytes, this.#segmentSize());
      return length > 0 ? this.#enterFlight(now, "bytes", this.#takeUnsent(length), length) : undefined;
    }
    if (!this.#endAsked || this.#endSent) return undefined;
    this.#endSent = true;
    return this.#enterFlight(now, "end", NO_BYTES, 1);
  }

  /**
   * The other side has all below `acknowledges` and takes what is below `limit`.
   * @param isBare it says nothing else
   * @returns what must go out again at once: on the third repetition, or where a part of what was lost is still missing
   */
  acknowledge(now: number, acknowledges: number, limit: number, isBare: boolean): InFlight | undefined {
    this.#unansweredSince = this.#flight.length > 0 ? now : undefined;
    const isRepeated = isBare && acknowledges === this.#acknowledged && limit === this.#limit;
    if (limit > this.#limit) this.#limit = limit;
    if (isRepeated && acknowledges >= this.#recoverBelow && ++this.#repeated === REPEATED_UNTIL_LOST) {
      this.#recoverBelow = this.#next;
      return this.#again(now);
    }
    if (acknowledges <= this.#acknowledged) return undefined;
    this.#acknowledged = acknowledges;
    this.#repeated = 0;
    for (let first = this.#flight[0]; first !== undefined && first.next <= acknowledges; first = this.#flight[0]) {
      this.#flight.shift();
      if (first.transmissions === 1) this.#retransmission.measured(now - first.sentAt);
    }
    if (this.#flight.length === 0) this.#unansweredSince = undefined;
    this.#retransmission.moved();
    this.#expiresAt = now + this.#retransmission.timeoutMs;
    return acknowledges < this.#recoverBelow ? this.#again(now) : undefined;
  }

  /** When the timer runs out; undefined while no answer is waited for. Ask after every change. */
  expiresAt(now: number): number | undefined {
    const waits = this.#flight.length > 0 || (this.isOpen && this.#unsentBytes > 0);
    if (waits && !this.#isTimerOn) this.#expiresAt = now + this.#retransmission.timeoutMs;
    this.#isTimerOn = waits;
    if (!waits) return undefined;
    return Math.min(this.#expiresAt, this.#givesUpAt());
  }

  /** The timer ran out: what goes out again, `probe` for a question whether there is room by now, `give-up` when it is too late. */
  expired(now: number): InFlight | "probe" | "give-up" {
    if (now >= this.#givesUpAt()) return "give-up";
    this.#retransmission.expired();
    this.#expiresAt = now + this.#retransmission.timeoutMs;
    this.#recoverBelow = this.#next;
    this.#unansweredSince ??= now;
    return this.#again(now) ?? "probe";
  }

  #givesUpAt(): number {
    const { timeoutMs, connectTimeoutMs } = this.#options;
    if (this.#unansweredSince === undefined) return Number.POSITIVE_INFINITY;
    return this.#unansweredSince + (this.isOpen ? timeoutMs : connectTimeoutMs);
  }

  #again(now: number): InFlight | undefined {
    const oldest = this.#flight[0];
    if (oldest === undefined) return undefined;
    oldest.transmissions++;
    oldest.sentAt = now;
    return oldest;
  }

  #enterFlight(now: number, carries: InFlight["carries"], bytes: Uint8Array, length: number): InFlight {
    const sequence = this.#next;
    this.#unansweredSince ??= now;
    this.#next += length;
    const segment: InFlight = { carries, sequence, bytes, next: this.#next, sentAt: now, transmissions: 1 };
    this.#flight.push(segment);
    return segment;
  }

  #segmentSize(): number {
    const { mss, segments } = this.#options;
    if (segments === "full") return mss;
    // As many sizes below 2 as between 2 and 4, 4 and 8, ...: boundaries everywhere, and not only tiny segments.
    const bits = this.#random.integer(0, 32 - Math.clz32(mss - 1));
    return this.#random.integer(1, Math.min(mss, 2 ** bits));
  }

  #takeUnsent(length: number): Uint8Array {
    this.#unsentBytes -= length;
    return takeBytes(this.#unsent, length);
  }
}

/** Takes exactly `length` bytes off the front of a queue of chunks that holds so many. */
export function takeBytes(chunks: Uint8Array[], length: number): Uint8Array {
  const first = chunks[0] ?? NO_BYTES;
  if (first.length === length) {
    chunks.shift();
    return first;
  }
  if (first.length > length) {
    chunks[0] = first.subarray(length);
    return first.subarray(0, length);
  }
  const taken = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const chunk = chunks[0] ?? NO_BYTES;
    const part = chunk.subarray(0, length - filled);
    taken.set(part, filled);
    filled += part.length;
    if (part.length === chunk.length) chunks.shift();
    else chunks[0] = chunk.subarray(part.length);
  }
  return taken;
}

/** The transmission counter of a v2 client, and what the echoes of it tell about the round trip (docs/stopwait-udp.md, S41). */

/** Packets whose time of sending is remembered: more than can be under way at the widest window. */
const REMEMBERED = 64;

/** Whether counter `a` is newer than `b`, modulo 65,536 (serial number arithmetic, RFC 1982). */
export function isNewer(a: number, b: number): boolean {
  const ahead = (a - b) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}

export class Transmissions {
  #last = 0;
  readonly #sentAt: Float64Array = new Float64Array(REMEMBERED).fill(Number.NaN);
  readonly #counters: Uint16Array = new Uint16Array(REMEMBERED);

  /** The counter of the packet sent last; 0 before the first. */
  get last(): number {
    return this.#last;
  }

  /** The counter of the packet that is sent now. */
  next(now: number): number {
    this.#last = (this.#last + 1) & 0xffff;
    const slot = this.#last % REMEMBERED;
    this.#sentAt[slot] = now;
    this.#counters[slot] = this.#last;
    return this.#last;
  }

  /** The round trip, where this is the first answer to that packet. */
  answered(now: number, counter: number): number | undefined {
    const slot = counter % REMEMBERED;
    const sentAt = this.#sentAt[slot] as number;
    if (this.#counters[slot] !== counter || Number.isNaN(sentAt)) return undefined;
    this.#sentAt[slot] = Number.NaN;
    return now - sentAt;
  }

  /** The packets that still wait for an answer, with their age. */
  fingerprint(now: number): string {
    const waiting = Array.from(this.#counters, (counter, slot) => `${counter}@${now - (this.#sentAt[slot] as number)}`);
    return `${this.#last}:${waiting.filter((one) => !one.endsWith("NaN")).join(",")}`;
  }
}

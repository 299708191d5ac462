/** The receiving half of one end of a connection: puts segments in order and keeps them until they are read. */

import type { Random } from "./random.js";
import type { ResolvedStreamOptions } from "./stream-options.js";
import { lengthOf, type Segment } from "./stream-segment.js";
import { takeBytes } from "./stream-sender.js";

export class StreamReceiver {
  readonly #options: ResolvedStreamOptions;
  readonly #random: Random;
  /** Arrived before something that belongs in front of it, by number. */
  readonly #early = new Map<number, Segment>();
  readonly #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  #expected = 0;
  #ended = false;

  constructor(options: ResolvedStreamOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** The number that is wanted next. */
  get expected(): number {
    return this.#expected;
  }

  /** The first number of a byte for which there is no room. Never falls. */
  get limit(): number {
    return Math.max(1, this.#expected) - this.#unreadBytes + this.#options.receiveBufferBytes;
  }

  get hasBytes(): boolean {
    return this.#unreadBytes > 0;
  }

  /** The other side has opened. */
  get isOpen(): boolean {
    return this.#expected > 0;
  }

  /** The end has come, and nothing is left to read before it. */
  get isAtEnd(): boolean {
    return this.#ended && this.#unreadBytes === 0;
  }

  /** @returns false for what had arrived before */
  accept(segment: Segment): boolean {
    if (lengthOf(segment) === 0 || segment.sequence < this.#expected || this.#early.has(segment.sequence)) return false;
    this.#early.set(segment.sequence, segment);
    for (let next = this.#early.get(this.#expected); next !== undefined; next = this.#early.get(this.#expected)) {
      this.#early.delete(next.sequence);
      this.#expected += lengthOf(next);
      if (next.carries === "end") this.#ended = true;
      if (next.carries !== "bytes") continue;
      this.#unread.push(next.bytes);
      this.#unreadBytes += next.bytes.length;
    }
    return true;
  }

  /** What the program is given next. */
  read(): Uint8Array {
    const { reads } = this.#options;
    let length = this.#unreadBytes;
    if (reads === "segments") length = this.#unread[0]?.length ?? 0;
    else if (reads === "random") length = this.#random.integer(1, this.#unreadBytes);
    this.#unreadBytes -= length;
    // A copy: the program may change what it is given, and the trace must not change with it.
    return takeBytes(this.#unread, length).slice();
  }
}

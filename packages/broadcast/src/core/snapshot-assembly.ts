/** A snapshot that comes in pieces (docs/broadcast.md B31). */

import type { SnapshotChunk } from "./messages.js";
import { malformed } from "./wire.js";

const LEAST_BYTES = 65_536;
const NOTHING = new Uint8Array(0);

/** Holds at most twice the bytes that came: however small the pieces are, none is kept by itself. */
export class SnapshotAssembly {
  readonly #maxBytes: number;
  /** `#memory[0..#have)` came. */
  #memory: Uint8Array = NOTHING;
  #have = 0;
  #nextChunk = 0;
  #upTo = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Some of it came, but not all. */
  get isOpen(): boolean {
    return this.#nextChunk > 0;
  }

  /** The whole of it, with its last piece. @throws RemoteProtocolError for a piece that is not the next, and above the limit */
  add({ upTo, chunk, isLast, bytes }: SnapshotChunk): Uint8Array | undefined {
    if (chunk !== this.#nextChunk || (chunk > 0 && upTo !== this.#upTo)) {
      throw malformed(`piece ${chunk} of a snapshot of ${upTo} is not the next`);
    }
    const have = this.#have + bytes.length;
    if (have > this.#maxBytes) throw malformed(`a snapshot of more than ${this.#maxBytes} bytes`);
    if (bytes.length === 0 && !isLast) throw malformed("a piece of a snapshot with nothing in it");
    this.#upTo = upTo;
    this.#makeRoom(have);
    this.#memory.set(bytes, this.#have);
    this.#have = have;
    this.#nextChunk++;
    if (!isLast) return undefined;
    const whole = this.#memory.length === have ? this.#memory : this.#memory.slice(0, have);
    this.forget();
    return whole;
  }

  forget(): void {
    this.#memory = NOTHING;
    this.#have = 0;
    this.#nextChunk = 0;
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#memory.length) return;
    const more = new Uint8Array(Math.min(this.#maxBytes, Math.max(bytes, 2 * this.#memory.length, LEAST_BYTES)));
    more.set(this.#memory.subarray(0, this.#have));
    this.#memory = more;
  }
}

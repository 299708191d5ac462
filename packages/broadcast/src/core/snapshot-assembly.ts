/** A snapshot that comes in pieces (docs/broadcast.md B31). */

import type { SnapshotChunk } from "./messages.js";
import { malformed } from "./wire.js";

export class SnapshotAssembly {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #upTo = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Some of it came, but not all. */
  get isOpen(): boolean {
    return this.#chunks.length > 0;
  }

  /** The whole of it, with its last piece. @throws RemoteProtocolError for a piece that is not the next, and above the limit */
  add({ upTo, chunk, isLast, bytes }: SnapshotChunk): Uint8Array | undefined {
    if (chunk !== this.#chunks.length || (chunk > 0 && upTo !== this.#upTo)) {
      throw malformed(`piece ${chunk} of a snapshot of ${upTo} is not the next`);
    }
    this.#upTo = upTo;
    this.#bytes += bytes.length;
    if (this.#bytes > this.#maxBytes) throw malformed(`a snapshot of more than ${this.#maxBytes} bytes`);
    if (bytes.length === 0 && !isLast) throw malformed("a piece of a snapshot with nothing in it");
    this.#chunks.push(bytes.slice());
    if (!isLast) return undefined;
    const whole = new Uint8Array(this.#bytes);
    let at = 0;
    for (const one of this.#chunks) {
      whole.set(one, at);
      at += one.length;
    }
    this.forget();
    return whole;
  }

  forget(): void {
    this.#chunks = [];
    this.#bytes = 0;
  }
}

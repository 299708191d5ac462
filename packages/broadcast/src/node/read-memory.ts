/**
 * Memory into which sockets read, one piece for all of them, and what of it becomes messages: copies, which are never written to
 * again. A piece for each socket would wait for its read, grow old meanwhile, and be taken back by full collections alone; those
 * cost more than the copy.
 */

/** The most that one read brings: several BATCHes, of which the last one alone may be cut in two. */
const SCRATCH_BYTES = 262_144;
const SHARED_BYTES = 65_536;
/** A longer read gets memory of its own. */
const SHORT_BYTES = 8_192;

let scratch: Uint8Array | undefined;

export class ReadMemory {
  #shared: Uint8Array = new Uint8Array(0);
  #used = 0;

  /** Where each read goes: into the same memory, whatever the socket. */
  room(): Uint8Array {
    scratch ??= new Uint8Array(SCRATCH_BYTES);
    return scratch;
  }

  /** What the read brought, so many bytes of `room`; to be called before the next one. Little reads share memory. */
  taken(length: number): Uint8Array {
    const read = new Uint8Array(this.room().buffer, 0, length);
    if (length > SHORT_BYTES) {
      // Not cleared: all of it is written to here.
      const own = Buffer.allocUnsafeSlow(length);
      own.set(read);
      return new Uint8Array(own.buffer);
    }
    if (this.#used + length > this.#shared.length) {
      this.#shared = Buffer.allocUnsafeSlow(SHARED_BYTES);
      this.#used = 0;
    }
    const { buffer } = this.#shared;
    const copy = new Uint8Array(buffer, this.#used, length);
    copy.set(read);
    this.#used += length;
    return copy;
  }
}

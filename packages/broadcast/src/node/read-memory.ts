/**
 * Memory into which a socket reads. What was read is not written to again: messages are views of it. Little reads share one
 * piece of memory; where reads fill what they are given, the next one is given more, so that fewer messages are cut in two.
 */

const LEAST_BYTES = 65_536;
const MOST_BYTES = 131_072;
/** A read with less room than this gets a new piece of memory. */
const ROOM_BYTES = 16_384;

export class ReadMemory {
  #bytes: Uint8Array = new Uint8Array(0);
  #at = 0;
  #size = LEAST_BYTES;

  /** Where the next read goes. */
  room(): Uint8Array {
    if (this.#bytes.length - this.#at < ROOM_BYTES) {
      // Not cleared: nothing of it is shown to anybody before it was read into.
      this.#bytes = Buffer.allocUnsafeSlow(this.#size);
      this.#at = 0;
    }
    const { buffer, byteOffset, length } = this.#bytes;
    return new Uint8Array(buffer, byteOffset + this.#at, length - this.#at);
  }

  /** What the read brought, so many bytes of the last `room`. */
  taken(length: number): Uint8Array {
    const { buffer, byteOffset } = this.#bytes;
    const bytes = new Uint8Array(buffer, byteOffset + this.#at, length);
    const whole = this.#at === 0 ? this.#bytes.length : 0;
    this.#at += length;
    if (length === whole) this.#size = Math.min(MOST_BYTES, 2 * this.#size);
    else if (whole > 0 && 4 * length < this.#size) this.#size = Math.max(LEAST_BYTES, this.#size / 2);
    return bytes;
  }
}

/** The fields that the payloads of wire v2 are made of, written and read (docs/rake.md R12, R14, R15). */

import { RemoteProtocolError } from "./errors.js";
import { toHex } from "./hex.js";
import { DIGEST_BYTES } from "./message-limits.js";

export const FRAME_HEADER_BYTES = 8;

const TWO_32 = 2 ** 32;
/** 2^21: with a high word from here on, an integer is above 2^53 - 1. */
const UNSAFE_HIGH = 2 ** 21;
const EMPTY = new Uint8Array(0);
const HEX_DIGITS = 2 * DIGEST_BYTES;

const encoder = new TextEncoder();
// A byte order mark is a character like any other here: what was encoded is what is decoded.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The peer's mistake (R15). */
export function malformed(message: string, cause?: unknown): RemoteProtocolError {
  return new RemoteProtocolError("BAD_MESSAGE", message, { cause });
}

/** The text that these bytes are. @throws RemoteProtocolError where they are not UTF-8; `what` names them */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw malformed(`${what} is not UTF-8`, cause);
  }
}

export function putU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** @throws RangeError where it is not a safe integer from 0 */
export function putU64(bytes: Uint8Array, at: number, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is not an integer from 0 to 2^53-1`);
  putU32(bytes, at, value < TWO_32 ? 0 : Math.floor(value / TWO_32));
  putU32(bytes, at + 4, value);
}

export function u32At(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
  return (bytes[at] as number) * 16_777_216 + low;
}

/** Undefined above 2^53 - 1. */
export function u64At(bytes: Uint8Array, at: number): number | undefined {
  const high = u32At(bytes, at);
  return high >= UNSAFE_HIGH ? undefined : high * TWO_32 + u32At(bytes, at + 4);
}

/** As many bytes of UTF-8 as fit `maxBytes`, whole characters alone. */
export function cutText(text: string, maxBytes: number): Uint8Array {
  const bytes = encoder.encode(text);
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  // Bytes 10xxxxxx go on with a character that began before.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}

/** Collects the fields of one message at a time in memory that it uses again; `frame()` copies them out. */
export class FieldWriter {
  #bytes = new Uint8Array(4_096);
  #at = 0;

  begin(type: number): this {
    this.#at = 0;
    return this.u64(type);
  }

  /** What was written, as one frame, with a body's length and the body behind it where there is one. */
  frame(): Uint8Array {
    return this.#framed(EMPTY);
  }

  /** The same with a last field of bytes, which are copied this one time. */
  frameWith(body: Uint8Array): Uint8Array {
    return this.u64(body.length).#framed(body);
  }

  #framed(tail: Uint8Array): Uint8Array {
    const frame = new Uint8Array(FRAME_HEADER_BYTES + this.#at + tail.length);
    putU64(frame, 0, this.#at + tail.length);
    frame.set(this.#bytes.subarray(0, this.#at), FRAME_HEADER_BYTES);
    frame.set(tail, FRAME_HEADER_BYTES + this.#at);
    return frame;
  }

  u64(value: number): this {
    const at = this.#take(8);
    putU64(this.#bytes, at, value);
    return this;
  }

  flag(value: boolean): this {
    return this.u64(value ? 1 : 0);
  }

  /** The index of a value among those that there are. @throws RangeError where it is none of them */
  code<Value>(values: readonly Value[], value: Value): this {
    const index = values.indexOf(value);
    if (index < 0) throw new RangeError(`${String(value)} is none of ${values.join(", ")}`);
    return this.u64(index);
  }

  /** @throws RangeError where there are not exactly so many */
  raw(bytes: Uint8Array, length: number): this {
    if (bytes.length !== length) throw new RangeError(`${length} bytes are wanted, not ${bytes.length}`);
    const at = this.#take(length); // before `#bytes` is read: it may be another behind it
    this.#bytes.set(bytes, at);
    return this;
  }

  /** @throws RangeError where it is not 64 hexadecimal digits in lower case */
  digest(digits: string): this {
    if (digits.length !== HEX_DIGITS) throw new RangeError(`a digest of ${digits.length} digits, not ${HEX_DIGITS}`);
    const at = this.#take(DIGEST_BYTES);
    for (let byte = 0; byte < DIGEST_BYTES; byte++) {
      const high = nibble(digits.charCodeAt(2 * byte));
      this.#bytes[at + byte] = 16 * high + nibble(digits.charCodeAt(2 * byte + 1));
    }
    return this;
  }

  /** @throws RangeError where it has not `minBytes` to `maxBytes` bytes of UTF-8 */
  text(text: string, minBytes: number, maxBytes: number): this {
    const bytes = encoder.encode(text);
    if (bytes.length < minBytes || bytes.length > maxBytes) {
      throw new RangeError(`a text of ${bytes.length} bytes, not ${minBytes} to ${maxBytes}`);
    }
    return this.u64(bytes.length).raw(bytes, bytes.length);
  }

  /** What is longer is cut (R14). */
  cut(text: string, maxBytes: number): this {
    const bytes = cutText(text, maxBytes);
    return this.u64(bytes.length).raw(bytes, bytes.length);
  }

  list<Item>(items: readonly Item[], write: (item: Item) => void): this {
    this.u64(items.length);
    for (const item of items) write(item);
    return this;
  }

  #take(length: number): number {
    const at = this.#at;
    this.#at = at + length;
    if (this.#at > this.#bytes.length) {
      const more = new Uint8Array(2 * this.#at);
      more.set(this.#bytes.subarray(0, at));
      this.#bytes = more;
    }
    return at;
  }
}

function nibble(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  throw new RangeError("a digest that is not hexadecimal digits in lower case");
}

/**
 * Reads fields one after another; `what` names the field in the text of an error. Throws `RemoteProtocolError` where one
 * is not what it must be, and nothing else.
 */
export class FieldReader {
  readonly #bytes: Uint8Array;
  readonly #message: string;
  #at: number;

  /** @param message names it in the text of an error */
  constructor(bytes: Uint8Array, at: number, message: string) {
    this.#bytes = bytes;
    this.#at = at;
    this.#message = message;
  }

  fault(text: string): RemoteProtocolError {
    return malformed(`${this.#message}: ${text}`);
  }

  u64(what: string, min = 0, max: number = Number.MAX_SAFE_INTEGER): number {
    const value = u64At(this.#bytes, this.#take(8, what));
    if (value === undefined) throw this.fault(`${what} is above 2^53-1`);
    if (value < min || value > max) {
      throw this.fault(
        `${what} is ${value}, not ${max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `${min} to ${max}`}`,
      );
    }
    return value;
  }

  flag(what: string): boolean {
    return this.u64(what, 0, 1) === 1;
  }

  code<Value>(what: string, values: readonly Value[]): Value {
    return values[this.u64(what, 0, values.length - 1)] as Value;
  }

  /** In memory of its own. */
  raw(what: string, length: number): Uint8Array {
    return this.#view(this.#take(length, what), length).slice();
  }

  digest(what: string): string {
    return toHex(this.#view(this.#take(DIGEST_BYTES, what), DIGEST_BYTES));
  }

  /** A view. */
  body(what: string, maxBytes: number): Uint8Array {
    const length = this.#length(what, 0, maxBytes);
    return this.#view(this.#take(length, what), length);
  }

  text(what: string, minBytes: number, maxBytes: number): string {
    const length = this.#length(what, minBytes, maxBytes);
    return decodeText(this.#view(this.#take(length, what), length), `${this.#message}: ${what}`);
  }

  /** @param itemBytes how many bytes an item has at least: no memory is taken for a count that cannot be */
  list<Item>(what: string, itemBytes: number, read: () => Item): Item[] {
    const count = this.u64(`the count of ${what}`);
    if (count * itemBytes > this.#left) throw this.fault(`${count} ${what} in ${this.#left} bytes`);
    const items: Item[] = [];
    for (let left = count; left > 0; left--) items.push(read());
    return items;
  }

  get #left(): number {
    return this.#bytes.length - this.#at;
  }

  #length(what: string, minBytes: number, maxBytes: number): number {
    return this.u64(`the length of ${what}`, minBytes, maxBytes);
  }

  #take(length: number, what: string): number {
    const at = this.#at;
    if (length > this.#left) throw this.fault(`${what} wants ${length} bytes, ${this.#left} are left`);
    this.#at = at + length;
    return at;
  }

  #view(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }
}

/** The fields that payloads are made of, written and read (docs/broadcast.md B1). */

import { RemoteProtocolError } from "./errors.js";
import { hasControls } from "./text-rules.js";

export const FRAME_HEADER_BYTES = 8;

export const TWO_32: number = 2 ** 32;
/** 2^21: with a high word from here on, an integer is above 2^53-1. */
export const UNSAFE_HIGH: number = 2 ** 21;
const EMPTY = new Uint8Array(0);

const encoder = new TextEncoder();
// A byte order mark is a character like any other here: what was encoded is what is decoded.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function malformed(message: string, cause?: unknown): RemoteProtocolError {
  return new RemoteProtocolError("BAD_MESSAGE", message, { cause });
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

/** @throws RemoteProtocolError above 2^53-1 */
export function u64At(bytes: Uint8Array, at: number): number {
  const high = u32At(bytes, at);
  if (high >= UNSAFE_HIGH) throw malformed("an integer is above 2^53-1");
  return high * TWO_32 + u32At(bytes, at + 4);
}

/** A frame with room for so many bytes of payload, its header written. */
export function newFrame(payloadBytes: number): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + payloadBytes);
  putU64(frame, 0, payloadBytes);
  return frame;
}

/** Collects the fields of one small message at a time in memory that it uses again; `frame()` copies them out. */
export class FieldWriter {
  #bytes = new Uint8Array(1_024);
  #at = 0;

  begin(): this {
    this.#at = 0;
    return this;
  }

  /** What was written, as one frame, with `tail` behind it. */
  frame(tail: Uint8Array = EMPTY): Uint8Array {
    const frame = newFrame(this.#at + tail.length);
    frame.set(this.#bytes.subarray(0, this.#at), FRAME_HEADER_BYTES);
    frame.set(tail, FRAME_HEADER_BYTES + this.#at);
    return frame;
  }

  /** @throws RangeError where there are not exactly so many */
  raw(bytes: Uint8Array, length: number): this {
    if (bytes.length !== length) throw new RangeError(`${length} bytes are wanted, not ${bytes.length}`);
    const at = this.#take(length); // before `#bytes` is read: it may be another behind it
    this.#bytes.set(bytes, at);
    return this;
  }

  u8(value: number): this {
    const at = this.#take(1);
    this.#bytes[at] = atMostWidth(value, 0xff);
    return this;
  }

  u16(value: number): this {
    const at = this.#take(2);
    this.#bytes[at] = atMostWidth(value, 0xffff) >>> 8;
    this.#bytes[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    const at = this.#take(4);
    putU32(this.#bytes, at, atMostWidth(value, 0xffff_ffff));
    return this;
  }

  u64(value: number): this {
    const at = this.#take(8);
    putU64(this.#bytes, at, value);
    return this;
  }

  /** The index of a value among those that there are. @throws RangeError where it is none of them */
  code<Value>(values: readonly Value[], value: Value): this {
    return this.u8(indexIn(values, value));
  }

  text(text: string): this {
    return this.textBytes(encoder.encode(text));
  }

  textBytes(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes, bytes.length);
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

/** @throws RangeError where it is none of them */
export function indexIn<Value>(values: readonly Value[], value: Value): number {
  const index = values.indexOf(value);
  if (index < 0) throw new RangeError(`${String(value)} is none of ${values.join(", ")}`);
  return index;
}

/** Reads fields one after another. Throws `RemoteProtocolError` where they are not what they must be, and nothing else. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  /** In memory of its own. */
  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#view(at, length).slice();
  }

  /** All that is left, as a view. */
  rest(length: number): Uint8Array {
    if (length !== this.left) throw malformed(`a length of ${length}, but ${this.left} bytes are left`);
    return this.#view(this.#take(length), length);
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.#bytes[at] as number) * 256 + (this.#bytes[at + 1] as number);
  }

  u32(min = 0, max = 0xffff_ffff): number {
    return within(u32At(this.#bytes, this.#take(4)), min, max);
  }

  u64(min = 0): number {
    return within(u64At(this.#bytes, this.#take(8)), min, Number.MAX_SAFE_INTEGER);
  }

  code<Value>(values: readonly Value[], index: number = this.u8()): Value {
    if (index >= values.length) throw malformed(`${index} is above ${values.length - 1}`);
    return values[index] as Value;
  }

  /** @param plain a name or a room: without control characters (B5) */
  text(minBytes: number, maxBytes: number, plain: boolean): string {
    const length = this.u16();
    const at = this.#take(length);
    return textIn(this.#bytes, at, at + length, minBytes, maxBytes, plain);
  }

  end(): void {
    if (this.left > 0) throw malformed(`${this.left} bytes are left over`);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.left) throw malformed(`${length} bytes are wanted, ${this.left} are left`);
    this.#at = at + length;
    return at;
  }

  #view(at: number, length: number): Uint8Array {
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }
}

/** The text that these bytes are. @throws RemoteProtocolError where they are none, or it is not as it must be */
export function textIn(
  bytes: Uint8Array,
  start: number,
  end: number,
  minBytes: number,
  maxBytes: number,
  plain: boolean,
): string {
  const length = end - start;
  if (length < minBytes || length > maxBytes) {
    throw malformed(`a text of ${length} bytes, not ${minBytes} to ${maxBytes}`);
  }
  let text: string;
  try {
    text = decoder.decode(bytes.subarray(start, end));
  } catch (cause) {
    throw malformed("a text is not UTF-8", cause);
  }
  if (plain && hasControls(text)) throw malformed("a text has a control character");
  return text;
}

function within(value: number, min: number, max: number): number {
  if (value < min || value > max) throw malformed(`${value} is not ${min} to ${max}`);
  return value;
}

/** @throws RangeError where a number does not fit its width */
function atMostWidth(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${value} is not 0 to ${max}`);
  return value;
}

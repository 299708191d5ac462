/** The fields that payloads are made of, written and read (election rule E2). Integers and texts are those of framing. */

import { encodeText, encodeU64, RemoteProtocolError as FramingRemoteError, readText } from "@lab/framing/core";
import { RemoteProtocolError } from "./errors.js";
import { newPayload } from "./framed-payload.js";
import type { Stamp } from "./stamp.js";
import { hasControls } from "./text-rules.js";

/** 71 years: up to here a number of milliseconds holds every microsecond. */
const MAX_MICROSECONDS = 2 ** 51;
const TWO_32 = 2 ** 32;
/** Up to so many bytes a text of ASCII is read faster without a decoder. */
const MAX_ASCII = 32;
/** 2^21: with a high word from here on, an integer is above 2^53-1. */
const UNSAFE_HIGH = 2 ** 21;

/** Collects fields in memory that it uses again; `payload()` copies them out. */
export class FieldWriter {
  #bytes = new Uint8Array(1_024);
  #at = 0;

  /** Forgets what was written. */
  begin(): this {
    this.#at = 0;
    return this;
  }

  get length(): number {
    return this.#at;
  }

  /** What was written, and `tailBytes` of room. */
  payload(tailBytes = 0): Uint8Array {
    const payload = newPayload(this.#at + tailBytes);
    payload.set(this.#bytes.subarray(0, this.#at));
    return payload;
  }

  raw(bytes: Uint8Array): this {
    const at = this.#take(bytes.length);
    this.#bytes.set(bytes, at);
    return this;
  }

  u8(value: number): this {
    const at = this.#take(1);
    this.#bytes[at] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  u32(value: number): this {
    const at = this.#take(4);
    const bytes = this.#bytes;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    return this;
  }

  u64(value: number): this {
    if (!Number.isSafeInteger(value) || value < 0) return this.raw(encodeU64(value));
    return this.u32(Math.floor(value / TWO_32)).u32(value);
  }

  f64(value: number): this {
    const at = this.#take(8);
    new DataView(this.#bytes.buffer).setFloat64(at, value);
    return this;
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  text(value: string, maxTextBytes: number): this {
    const { length } = value;
    if (length > maxTextBytes) return this.#anyText(value, maxTextBytes);
    const at = this.#take(4 + length) + 4;
    const bytes = this.#bytes;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code >= 128) {
        this.#at = at - 4;
        return this.#anyText(value, maxTextBytes);
      }
      bytes[at + index] = code;
    }
    this.#at = at - 4;
    this.u32(length);
    this.#at += length;
    return this;
  }

  /** Not ASCII, or too long. */
  #anyText(value: string, maxTextBytes: number): this {
    return this.raw(encodeText(value, { headerBytes: 4, maxTextBytes }));
  }

  /** 8 bytes that stand as 16 hexadecimal digits. */
  hex8(value: string): this {
    const at = this.#take(8);
    for (let index = 0; index < 8; index++) {
      this.#bytes[at + index] = nibble(value.charCodeAt(2 * index)) * 16 + nibble(value.charCodeAt(2 * index + 1));
    }
    return this;
  }

  stamp({ mono, wall }: Stamp): this {
    return this.u64(Math.round(mono * 1_000)).u64(wall);
  }

  /** Where the next `length` bytes begin. */
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

/** Reads fields one after another. Throws `RemoteProtocolError` where they are not what they must be, and nothing else. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(max = 255): number {
    const at = this.#take(1);
    return atMost(this.#bytes[at] as number, max);
  }

  u16(max = 65_535): number {
    const at = this.#take(2);
    return atMost((this.#bytes[at] as number) * 256 + (this.#bytes[at + 1] as number), max);
  }

  u32(): number {
    return this.#word(this.#take(4));
  }

  u64(max: number = Number.MAX_SAFE_INTEGER): number {
    const at = this.#take(8);
    const high = this.#word(at);
    if (high >= UNSAFE_HIGH) throw malformed("an integer is above 2^53-1");
    return atMost(high * TWO_32 + this.#word(at + 4), max);
  }

  /** A finite one. */
  f64(): number {
    const at = this.#take(8);
    const { buffer, byteOffset } = this.#bytes;
    const value = new DataView(buffer, byteOffset + at, 8).getFloat64(0);
    if (!Number.isFinite(value)) throw malformed(`${value} is no finite number`);
    return value;
  }

  flag(): boolean {
    return this.u8(1) === 1;
  }

  text(maxTextBytes: number, minTextBytes = 0): string {
    const start = this.#take(4);
    const length = this.#word(start);
    if (length > maxTextBytes) throw malformed(`a text of ${length} bytes, not ${maxTextBytes} at most`);
    if (length < minTextBytes) throw malformed("a text is empty");
    const at = this.#take(length);
    if (length > MAX_ASCII) return this.#anyText(start, maxTextBytes);
    const codes: number[] = [];
    for (let index = at; index < at + length; index++) {
      const code = this.#bytes[index] as number;
      if (code >= 128) return this.#anyText(start, maxTextBytes);
      if (code < 32 || code === 127) throw malformed("a text has a control character");
      codes.push(code);
    }
    return String.fromCharCode.apply(null, codes);
  }

  /** Not ASCII, or long: what a decoder is faster at. */
  #anyText(start: number, maxTextBytes: number): string {
    const { text } = framing(() => readText(this.#bytes, start, { headerBytes: 4, maxTextBytes }));
    if (hasControls(text)) throw malformed("a text has a control character");
    return text;
  }

  hex8(): string {
    const start = this.#take(8);
    let digits = "";
    for (let at = start; at < start + 8; at++) digits += HEX[this.#bytes[at] as number];
    return digits;
  }

  stamp(): Stamp {
    return { mono: this.u64(MAX_MICROSECONDS) / 1_000, wall: this.u64() };
  }

  end(): void {
    const left = this.#bytes.length - this.#at;
    // A tag is that long: it is read as a part of the message where this side has no secret.
    if (left > 0) throw malformed(`${left} bytes are left over${left === 32 ? ", as of who has a secret" : ""}`);
  }

  /** Where the next `length` bytes begin. */
  #take(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) throw malformed(`${length} bytes are wanted, ${left} are left`);
    this.#at = at + length;
    return at;
  }

  #word(at: number): number {
    const bytes = this.#bytes;
    const low = ((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    return (bytes[at] as number) * 16_777_216 + low;
  }
}

export function malformed(message: string, cause?: unknown): RemoteProtocolError {
  return new RemoteProtocolError("MALFORMED", message, { cause });
}

/** Two hexadecimal digits for each byte. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** What a hexadecimal digit stands for: 0 to 9, then a to f in either case. */
function nibble(code: number): number {
  return code <= 57 ? code - 48 : (code & 31) + 9;
}

function atMost(value: number, max: number): number {
  if (value > max) throw malformed(`${value} is above ${max}`);
  return value;
}

function framing<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FramingRemoteError) throw malformed(cause.message, cause);
    throw cause;
  }
}

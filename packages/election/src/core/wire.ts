/** The fields that payloads are made of, written and read (election rule E2). Integers and texts are those of framing. */

import { encodeText, encodeU64, RemoteProtocolError as FramingRemoteError, readText } from "@lab/framing/core";
import { RemoteProtocolError } from "./errors.js";
import type { Stamp } from "./stamp.js";

/** 71 years: up to here a number of milliseconds holds every microsecond. */
const MAX_MICROSECONDS = 2 ** 51;

/** Of 8 bytes that a number holds exactly. */
const MAX_HIGH_WORD = 2 ** 21 - 1;

/** Every byte as two hexadecimal digits. */
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** What a hexadecimal digit stands for: 0 to 9, then a to f in either case. */
function digit(code: number): number {
  return code < 58 ? code - 48 : (code & 31) + 9;
}

/** Collects fields; `bytes()` gives them as one. */
export class FieldWriter {
  #buffer = new Uint8Array(256);
  #length = 0;

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  raw(bytes: Uint8Array): this {
    const at = this.#take(bytes.length);
    this.#buffer.set(bytes, at);
    return this;
  }

  u8(value: number): this {
    const at = this.#take(1);
    this.#buffer[at] = value;
    return this;
  }

  u16(value: number): this {
    const at = this.#take(2);
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value;
    return this;
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  u64(value: number): this {
    return this.raw(encodeU64(value));
  }

  flag(value: boolean): this {
    return this.u8(value ? 1 : 0);
  }

  text(value: string, maxTextBytes: number): this {
    return this.raw(encodeText(value, { headerBytes: 4, maxTextBytes }));
  }

  /** 8 bytes that stand as 16 hexadecimal digits. */
  hex8(value: string): this {
    const at = this.#take(8);
    for (let index = 0; index < 8; index++) {
      this.#buffer[at + index] = digit(value.charCodeAt(2 * index)) * 16 + digit(value.charCodeAt(2 * index + 1));
    }
    return this;
  }

  /** Where the next `length` bytes go; there is room for them. */
  #take(length: number): number {
    const at = this.#length;
    this.#length += length;
    if (this.#length <= this.#buffer.length) return at;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length));
    larger.set(this.#buffer);
    this.#buffer = larger;
    return at;
  }

  stamp({ mono, wall }: Stamp): this {
    return this.u64(Math.round(mono * 1_000)).u64(wall);
  }
}

/** Reads fields one after another. Throws `RemoteProtocolError` where they are not what they must be, and nothing else. */
export class FieldReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  raw(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  /** Where the next `length` bytes stand. */
  #take(length: number): number {
    const at = this.#at;
    const left = this.#bytes.length - at;
    if (length > left) throw malformed(`${length} bytes are wanted, ${left} are left`);
    this.#at = at + length;
    return at;
  }

  u8(max = 255): number {
    const at = this.#take(1);
    return this.#atMost(this.#bytes[at] as number, max);
  }

  u16(max = 65_535): number {
    const at = this.#take(2);
    return this.#atMost((this.#bytes[at] as number) * 256 + (this.#bytes[at + 1] as number), max);
  }

  u32(): number {
    return this.u16() * 65_536 + this.u16();
  }

  u64(max: number = Number.MAX_SAFE_INTEGER): number {
    const high = this.u32();
    if (high > MAX_HIGH_WORD) throw malformed("an integer is above 2^53 - 1");
    return this.#atMost(high * 2 ** 32 + this.u32(), max);
  }

  flag(): boolean {
    return this.u8(1) === 1;
  }

  text(maxTextBytes: number, minTextBytes = 0): string {
    const { text, end } = framed(() => readText(this.#bytes, this.#at, { headerBytes: 4, maxTextBytes }));
    if (end - this.#at - 4 < minTextBytes) throw malformed("a text is empty");
    this.#at = end;
    return text;
  }

  hex8(): string {
    const at = this.#take(8);
    let text = "";
    for (let index = at; index < at + 8; index++) text += HEX[this.#bytes[index] as number] as string;
    return text;
  }

  stamp(): Stamp {
    return { mono: this.u64(MAX_MICROSECONDS) / 1_000, wall: this.u64() };
  }

  end(): void {
    if (this.#at < this.#bytes.length) throw malformed(`${this.#bytes.length - this.#at} bytes are left over`);
  }

  #atMost(value: number, max: number): number {
    if (value > max) throw malformed(`${value} is above ${max}`);
    return value;
  }
}

export function malformed(message: string, cause?: unknown): RemoteProtocolError {
  return new RemoteProtocolError("MALFORMED", message, { cause });
}

function framed<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof FramingRemoteError) throw malformed(cause.message, cause);
    throw cause;
  }
}

/** The fields that payloads are made of, written and read (election rule E2). Integers and texts are those of framing. */

import { encodeText, encodeU64, RemoteProtocolError as FramingRemoteError, readText, readU64 } from "@lab/framing/core";
import { RemoteProtocolError } from "./errors.js";
import type { Stamp } from "./stamp.js";

/** 71 years: up to here a number of milliseconds holds every microsecond. */
const MAX_MICROSECONDS = 2 ** 51;

/** Collects fields; `bytes()` joins them. */
export class FieldWriter {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  bytes(): Uint8Array {
    const joined = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return this;
  }

  u8(value: number): this {
    return this.raw(Uint8Array.of(value));
  }

  u16(value: number): this {
    return this.raw(Uint8Array.of(value >>> 8, value));
  }

  u32(value: number): this {
    return this.raw(Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value));
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
    const bytes = new Uint8Array(8);
    for (let index = 0; index < 8; index++) bytes[index] = Number.parseInt(value.slice(2 * index, 2 * index + 2), 16);
    return this.raw(bytes);
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
    const end = this.#at + length;
    if (end > this.#bytes.length)
      throw malformed(`${length} bytes are wanted, ${this.#bytes.length - this.#at} are left`);
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  u8(max = 255): number {
    return this.#atMost((this.raw(1) as unknown as [number])[0], max);
  }

  u16(max = 65_535): number {
    const [high, low] = this.raw(2) as unknown as [number, number];
    return this.#atMost(high * 256 + low, max);
  }

  u32(): number {
    return this.u16() * 65_536 + this.u16();
  }

  u64(max: number = Number.MAX_SAFE_INTEGER): number {
    const bytes = this.raw(8);
    return this.#atMost(
      framed(() => readU64(bytes)),
      max,
    );
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
    return Array.from(this.raw(8), (byte) => byte.toString(16).padStart(2, "0")).join("");
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

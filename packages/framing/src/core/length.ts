/** The length as two u32 words: how a header is read and written without rounding, and without BigInt (rule F1). */
import { FrameTooLargeError } from "./errors.js";
import type { HeaderBytes } from "./options.js";

const TWO_32 = 4_294_967_296;
/** 2^21: with a high word from here on, the length is above 2^53-1. */
const UNSAFE_HIGH = 2_097_152;

export function isUnsafe(high: number): boolean {
  return high >= UNSAFE_HIGH;
}

export function joinWords(high: number, low: number): number {
  return high * TWO_32 + low;
}

/** Exact for all 64 bits; for the error path alone. */
export function joinWordsExactly(high: number, low: number): bigint {
  return (BigInt(high) << 32n) | BigInt(low);
}

/** The error for a length above the limit: the one place where a received length becomes a BigInt. */
export function announcesTooMuch(high: number, low: number, limit: number): FrameTooLargeError {
  return new FrameTooLargeError(joinWordsExactly(high, low), limit);
}

export function readWord(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) * 16_777_216 +
    (((bytes[at + 1] as number) << 16) | ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number))
  );
}

export function writeWord(bytes: Uint8Array, at: number, word: number): void {
  bytes[at] = word >>> 24;
  bytes[at + 1] = word >>> 16;
  bytes[at + 2] = word >>> 8;
  bytes[at + 3] = word;
}

/** Writes a length, a safe integer that fits the header, at `at`. */
export function writeLength(bytes: Uint8Array, at: number, length: number, headerBytes: HeaderBytes): void {
  if (headerBytes === 4) {
    writeWord(bytes, at, length);
  } else {
    writeWord(bytes, at, length < TWO_32 ? 0 : Math.floor(length / TWO_32));
    writeWord(bytes, at + 4, length);
  }
}

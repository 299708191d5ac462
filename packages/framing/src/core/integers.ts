/** Unsigned 64-bit integers, big-endian, inside payloads. */
import { RemoteProtocolError } from "./errors.js";
import { isUnsafe, joinWords, joinWordsExactly, readWord, writeWord } from "./length.js";
import { checkBytes, wholeNumber } from "./options.js";

const MAX_U64 = 2n ** 64n - 1n;

/**
 * The 8 bytes of an integer.
 * @param value a safe integer from 0, or a bigint from 0 to 2^64-1.
 * @throws TypeError where it is neither, RangeError where it is out of its range: never rounded, never truncated.
 */
export function encodeU64(value: number | bigint): Uint8Array<ArrayBuffer> {
  const accepted = "value must be a safe integer from 0, or a bigint from 0 to 2^64-1";
  if (typeof value !== "number" && typeof value !== "bigint") throw new TypeError(`${accepted}, not ${typeof value}`);
  const inRange =
    typeof value === "number" ? Number.isSafeInteger(value) && value >= 0 : value >= 0n && value <= MAX_U64;
  if (!inRange) throw new RangeError(`${accepted}, not ${value}`);
  const bytes = new Uint8Array(8);
  writeWord(bytes, 0, typeof value === "number" ? Math.floor(value / 2 ** 32) : Number(value >> 32n));
  writeWord(bytes, 4, typeof value === "number" ? value : Number(value & 0xffff_ffffn));
  return bytes;
}

/**
 * The integer at `offset` (default 0), as a number.
 * @throws RemoteProtocolError `UNSAFE_INTEGER` above 2^53-1 (`readU64BigInt` reads those), `TRUNCATED_VALUE` where fewer
 * than 8 bytes are left; RangeError where the offset is not within the bytes.
 */
export function readU64(bytes: Uint8Array, offset = 0): number {
  checkU64(bytes, offset);
  const high = readWord(bytes, offset);
  const low = readWord(bytes, offset + 4);
  if (isUnsafe(high)) {
    throw new RemoteProtocolError(
      "UNSAFE_INTEGER",
      `${joinWordsExactly(high, low)} is above 2^53-1: read it as a bigint`,
    );
  }
  return joinWords(high, low);
}

/** The integer at `offset` (default 0), as a bigint: all 64 bits. @throws as `readU64`, except `UNSAFE_INTEGER`. */
export function readU64BigInt(bytes: Uint8Array, offset = 0): bigint {
  checkU64(bytes, offset);
  return joinWordsExactly(readWord(bytes, offset), readWord(bytes, offset + 4));
}

function checkU64(bytes: Uint8Array, offset: number): void {
  checkBytes("bytes", bytes);
  const at = wholeNumber("offset", offset, 0, 0, bytes.length);
  if (bytes.length - at < 8) {
    throw new RemoteProtocolError("TRUNCATED_VALUE", `an integer needs 8 bytes, but ${bytes.length - at} are left`);
  }
}

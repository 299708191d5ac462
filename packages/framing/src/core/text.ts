/** Length-prefixed UTF-8 text inside payloads. */
import { LocalFrameTooLargeError, RemoteProtocolError } from "./errors.js";
import { isUnsafe, joinWords, readWord, writeLength } from "./length.js";
import {
  checkBytes,
  DEFAULT_MAX_FRAME_BYTES,
  type HeaderBytes,
  headerWidth,
  largestLength,
  wholeNumber,
} from "./options.js";

export interface TextOptions {
  /** The longest text, in bytes of UTF-8. Default 16 MiB; from 0 to 2^53-1. */
  readonly maxTextBytes?: number | undefined;
  /** Width of the length before the text, 8 or 4. Default 8. */
  readonly headerBytes?: HeaderBytes | undefined;
}

export interface DecodedText {
  readonly text: string;
  /** Where the text ended: the offset of what follows it. */
  readonly end: number;
}

const encoder = new TextEncoder();
// A byte order mark is a character like any other here: what was encoded is what is decoded.
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The length of the text in bytes, then the text as UTF-8.
 * @throws TypeError where it is not a string or holds half of a surrogate pair, which UTF-8 cannot say;
 * LocalFrameTooLargeError above `maxTextBytes`.
 */
export function encodeText(text: string, options: TextOptions = {}): Uint8Array<ArrayBuffer> {
  if (typeof text !== "string") throw new TypeError(`text must be a string, not ${typeof text}`);
  if (/\p{Surrogate}/u.test(text)) throw new TypeError("text must be well-formed, but holds half of a surrogate pair");
  const headerBytes = headerWidth(options.headerBytes);
  const limit = Math.min(maxText(options), largestLength(headerBytes));
  const body = encoder.encode(text);
  if (body.length > limit) throw new LocalFrameTooLargeError(BigInt(body.length), limit);
  const bytes = new Uint8Array(headerBytes + body.length);
  writeLength(bytes, 0, body.length, headerBytes);
  bytes.set(body, headerBytes);
  return bytes;
}

/**
 * The text at `offset` (default 0), and where it ends.
 * @throws RemoteProtocolError `TEXT_TOO_LARGE` above `maxTextBytes`, `TRUNCATED_VALUE` where it does not fit into the
 * bytes, `INVALID_TEXT` where it is not UTF-8; RangeError where the offset is not within the bytes.
 */
export function readText(bytes: Uint8Array, offset = 0, options: TextOptions = {}): DecodedText {
  checkBytes("bytes", bytes);
  const at = wholeNumber("offset", offset, 0, 0, bytes.length);
  const headerBytes = headerWidth(options.headerBytes);
  const limit = maxText(options);
  const start = at + headerBytes;
  if (start > bytes.length) {
    const left = bytes.length - at;
    throw new RemoteProtocolError(
      "TRUNCATED_VALUE",
      `the length of a text needs ${headerBytes} bytes, but ${left} are left`,
    );
  }
  const high = headerBytes === 8 ? readWord(bytes, at) : 0;
  const length = joinWords(high, readWord(bytes, start - 4));
  if (isUnsafe(high) || length > limit) {
    throw new RemoteProtocolError("TEXT_TOO_LARGE", `a text is announced that is above the limit of ${limit} bytes`);
  }
  const end = start + length;
  if (end > bytes.length) {
    const left = bytes.length - start;
    throw new RemoteProtocolError("TRUNCATED_VALUE", `a text of ${length} bytes is announced, but ${left} are left`);
  }
  try {
    return { text: decoder.decode(bytes.subarray(start, end)), end };
  } catch (cause) {
    throw new RemoteProtocolError("INVALID_TEXT", "the bytes of a text are not UTF-8", { cause });
  }
}

function maxText(options: TextOptions): number {
  return wholeNumber("maxTextBytes", options.maxTextBytes, DEFAULT_MAX_FRAME_BYTES, 0);
}

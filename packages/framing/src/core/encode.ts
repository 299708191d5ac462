/** One header, one frame. For many frames, `FrameEncoder` joins them. */
import { LocalFrameTooLargeError } from "./errors.js";
import { writeLength } from "./length.js";
import {
  checkBytes,
  DEFAULT_MAX_FRAME_BYTES,
  type FrameOptions,
  type HeaderBytes,
  headerWidth,
  largestLength,
  wholeNumber,
} from "./options.js";

/**
 * The header for a payload of `length` bytes: 8 bytes big-endian (or 4), in memory of its own.
 * @param length a whole number from 0, or a bigint; never rounded (framing rule F1).
 * @throws LocalFrameTooLargeError above `maxFrameBytes` (default 16 MiB) or above what the header can say: 2^53-1, or
 * 2^32-1 with `headerBytes: 4`. TypeError or RangeError for a length or an option that is no such number.
 */
export function encodeHeader(length: number | bigint, options: FrameOptions = {}): Uint8Array<ArrayBuffer> {
  const headerBytes = headerWidth(options.headerBytes);
  const checked = checkLength(length, frameLimit(options, headerBytes));
  const header = new Uint8Array(headerBytes);
  writeLength(header, 0, checked, headerBytes);
  return header;
}

/**
 * Header and payload in one array, the payload copied.
 * @throws LocalFrameTooLargeError where the payload is above `maxFrameBytes` (default 16 MiB); TypeError or RangeError
 * for a wrong option, or a payload that is not a Uint8Array.
 */
export function encodeFrame(payload: Uint8Array, options: FrameOptions = {}): Uint8Array<ArrayBuffer> {
  checkBytes("payload", payload);
  const headerBytes = headerWidth(options.headerBytes);
  const length = payload.length;
  const limit = frameLimit(options, headerBytes);
  if (length > limit) throw new LocalFrameTooLargeError(BigInt(length), limit);
  const frame = new Uint8Array(headerBytes + length);
  writeLength(frame, 0, length, headerBytes);
  frame.set(payload, headerBytes);
  return frame;
}

/** `maxFrameBytes`, or less where the header cannot say that much. */
export function frameLimit(options: FrameOptions, headerBytes: HeaderBytes): number {
  const max = wholeNumber("maxFrameBytes", options.maxFrameBytes, DEFAULT_MAX_FRAME_BYTES, 0);
  return Math.min(max, largestLength(headerBytes));
}

/** The length as a number that is safe and at most `limit`. */
export function checkLength(length: number | bigint, limit: number): number {
  if (
    typeof length === "number" ? !Number.isInteger(length) || length < 0 : typeof length !== "bigint" || length < 0n
  ) {
    const message = `length must be a whole number from 0 to ${limit}, not ${String(length)}`;
    throw typeof length === "number" || typeof length === "bigint" ? new RangeError(message) : new TypeError(message);
  }
  if (length > limit) throw new LocalFrameTooLargeError(BigInt(length), limit);
  return Number(length);
}

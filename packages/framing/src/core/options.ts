/** The options that every form shares, and the one way in which a numeric option is checked. */

/** How a length is written: as 8 bytes (u64), or as 4 bytes (u32) for the programs that do so. Both big-endian. */
export type HeaderBytes = 8 | 4;

export interface FrameOptions {
  /**
   * The longest payload, in bytes, that is encoded or accepted (framing rule F2). Default 16 MiB; from 0 (empty frames
   * alone) to 2^53-1, in the Node forms to `buffer.constants.MAX_LENGTH`.
   */
  readonly maxFrameBytes?: number | undefined;
  /** Width of the length in bytes, 8 or 4. Default 8. */
  readonly headerBytes?: HeaderBytes | undefined;
}

/** 16 MiB: what a frame may have unless the caller says otherwise. */
export const DEFAULT_MAX_FRAME_BYTES: number = 16 * 1024 * 1024;

/**
 * A whole number option with its default filled in.
 * @throws TypeError where it is not a number, RangeError where it is out of its range; both name the option and the range.
 */
export function wholeNumber(
  name: string,
  given: number | undefined,
  fallback: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = given === undefined ? fallback : given;
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  // The text is only made where it is wanted: an integer inside a payload is read with this check too.
  const accepted = `a whole number from ${min} to ${max}`;
  if (typeof value !== "number") throw new TypeError(`${name} must be ${accepted}, not ${kind(value)}`);
  throw new RangeError(`${name} is ${value}, but must be ${accepted}`);
}

/** @throws TypeError where it is not a number, RangeError where it is neither 8 nor 4. */
export function headerWidth(given: HeaderBytes | undefined): HeaderBytes {
  const value = given === undefined ? 8 : given;
  if (typeof value !== "number") throw new TypeError(`headerBytes must be 8 or 4, not ${kind(value)}`);
  if (value !== 8 && value !== 4) throw new RangeError(`headerBytes is ${String(value)}, but must be 8 or 4`);
  return value;
}

/** What the header itself can say: 2^53-1 (a safe integer) for 8 bytes, 2^32-1 for 4. */
export function largestLength(headerBytes: HeaderBytes): number {
  return headerBytes === 8 ? Number.MAX_SAFE_INTEGER : 0xffff_ffff;
}

/** @throws TypeError where the value is not a Uint8Array (of whatever realm); a Buffer is one. */
export function checkBytes(name: string, value: unknown): asserts value is Uint8Array {
  if (value instanceof Uint8Array) return;
  if (ArrayBuffer.isView(value) && (value as Uint8Array)[Symbol.toStringTag] === "Uint8Array") return;
  throw new TypeError(`${name} must be a Uint8Array, not ${kind(value)}`);
}

function kind(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "object";
}

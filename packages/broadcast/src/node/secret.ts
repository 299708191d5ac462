/** A shared secret as applications give it: bytes, or text that stands for its UTF-8. */
import { MIN_SECRET_BYTES } from "../core/option-checks.js";

/** @throws TypeError where it is neither; RangeError for a text that is too short */
export function secretBytes(secret: string | Uint8Array | undefined): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if (typeof secret === "string") {
    const bytes = new TextEncoder().encode(secret);
    if (bytes.length >= MIN_SECRET_BYTES) return bytes;
    throw new RangeError(`secret must have ${MIN_SECRET_BYTES} bytes of UTF-8 or more, not ${bytes.length}`);
  }
  if (secret instanceof Uint8Array) return new Uint8Array(secret);
  throw new TypeError(`secret must be a string or a Uint8Array, not ${secret === null ? "null" : typeof secret}`);
}

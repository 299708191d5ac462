/** A shared secret as applications and files give it: bytes, or text that stands for its UTF-8. */
import { readFileSync, statSync } from "node:fs";
import { kindOf, MIN_SECRET_BYTES } from "../core/option-checks.js";

/** @throws TypeError where it is neither; RangeError where it is too short */
export function secretOf(secret: string | Uint8Array): Uint8Array {
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    throw new TypeError(`secret must be a string or a Uint8Array, not ${kindOf(secret)}`);
  }
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : new Uint8Array(secret);
  if (bytes.length >= MIN_SECRET_BYTES) return bytes;
  throw new RangeError(`secret must have ${MIN_SECRET_BYTES} bytes or more, not ${bytes.length}`);
}

/**
 * The secret in a file: its bytes without the line end that editors put behind them.
 * @throws TypeError where others may read it, RangeError where it is too short; what Node says where it cannot be read
 */
export function readSecretFile(path: string): Uint8Array {
  const { mode } = statSync(path);
  if ((mode & 0o077) !== 0) throw new TypeError(`the secret file ${path} can be read by others: chmod 600 it`);
  const bytes = readFileSync(path);
  let { length } = bytes;
  if (bytes[length - 1] === 0x0a) length--;
  if (bytes[length - 1] === 0x0d) length--;
  return secretOf(bytes.subarray(0, length));
}

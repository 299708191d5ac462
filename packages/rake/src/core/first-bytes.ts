/** Which protocol a connection's first bytes are of (docs/rake.md R10). */

import { u32At, u64At } from "./wire.js";

export type Dialect = "v1-4" | "v1-8";
export type Spoken = Dialect | "v2" | "unknown";

/** What a client of v1 can begin with: QUOTE_REQUEST, BIN_FILE, SEND_FILE, EXECUTE. */
const FIRST_CODES: ReadonlySet<number> = new Set([1, 3, 4, 5]);
/** The first frame of v2 has more than a type ... */
const LEAST_HELLO_BYTES = 9;
/** ... and no more than is allowed before the WELCOME (R14). */
const MOST_HELLO_BYTES = 65_536;

/**
 * A function of all bytes that a connection has brought so far, at least of the first eight: undefined where they do not
 * tell yet, which never is so with eight. What it answers stays the same, whatever comes behind.
 */
export function dialectOf(bytes: Uint8Array): Spoken | undefined {
  if (bytes.length < 4) return undefined;
  const first = u32At(bytes, 0);
  if (first !== 0) return FIRST_CODES.has(first) ? "v1-4" : "unknown";
  if (bytes.length < 8) return undefined;
  const length = u64At(bytes, 0) as number; // its high word is zero
  if (FIRST_CODES.has(length)) return "v1-8";
  return length >= LEAST_HELLO_BYTES && length <= MOST_HELLO_BYTES ? "v2" : "unknown";
}

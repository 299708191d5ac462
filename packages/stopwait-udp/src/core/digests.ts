/** Digests of prefixes, and whether two are equal. They are no secrets: nothing here takes a constant time. */

import type { Sha256 } from "./contract.js";

/** The digest so far of one that goes on growing. */
export function digestOf(prefix: Sha256): Uint8Array {
  return prefix.copy().digest();
}

export function isSameDigest(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a?.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** A shared secret as applications give it: bytes, or text that stands for its UTF-8. */

/** @throws TypeError where it is neither */
export function secretBytes(secret: string | Uint8Array | undefined): Uint8Array | undefined {
  if (secret === undefined) return undefined;
  if (typeof secret === "string") return new TextEncoder().encode(secret);
  if (secret instanceof Uint8Array) return new Uint8Array(secret);
  throw new TypeError(`secret must be a string or a Uint8Array, not ${secret === null ? "null" : typeof secret}`);
}

/** The platform port of the machine, made of Node's own cryptography. */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Platform } from "../core/options.js";

/** A Buffer is an internal detail: what leaves is an array of its own. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** What the machine asks of its platform, from `node:crypto`. */
export const nodePlatform: Required<Platform> = {
  randomBytes: (length) => plain(randomBytes(length)),
  hmacSha256: (key, message) => plain(createHmac("sha256", key).update(message).digest()),
  equalInConstantTime: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

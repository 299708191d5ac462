/** The platform port of both machines, made of Node's own cryptography. */
import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Platform } from "../core/platform.js";

/** A Buffer is an internal detail: what leaves is an array of its own. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

export const nodePlatform: Platform = {
  randomBytes: (length) => plain(randomBytes(length)),
  hmacSha256: (key, data) => plain(createHmac("sha256", key).update(data).digest()),
  sha256: (data) => plain(createHash("sha256").update(data).digest()),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};

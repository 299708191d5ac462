/** The platform port of a simulated node: bytes from the seed of the world, the rest from node:crypto. */
import { createHash, createHmac } from "node:crypto";
import type { Platform } from "../../src/core/index.js";

export function seededPlatform(randomBytes: (length: number) => Uint8Array): Platform {
  return {
    randomBytes,
    hmacSha256: (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest()),
    sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
    equal: (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]),
  };
}

/** A platform for tests: random bytes from a seed, HMAC from node:crypto. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { Random } from "@lab/simnet";
import type { Platform } from "../../src/core/index.js";

export function plainPlatform(seed: number | string = 1): Platform {
  const random = new Random(seed);
  return {
    randomBytes: (length) => random.bytes(length),
    hmacSha256: (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest()),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

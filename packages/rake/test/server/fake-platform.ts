/** What a machine is given in tests: all of it from a seed. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { Random } from "@lab/simnet";
import type { Platform } from "../../src/core/platform.js";

export function plainPlatform(seed: number | string = 1): Platform {
  const random = new Random(seed);
  return {
    randomBytes: (length) => random.bytes(length),
    hmacSha256: (key, data) => new Uint8Array(createHmac("sha256", key).update(data).digest()),
    sha256: (data) => new Uint8Array(createHash("sha256").update(data).digest()),
    equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  };
}

export function sha256(...chunks: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const chunk of chunks) hash.update(chunk);
  return hash.digest("hex");
}

export const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content);
export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

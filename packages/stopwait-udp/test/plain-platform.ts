/** The platform port for tests: real digests from node:crypto, random bytes from a seed. */
import { createHash, createHmac, type Hash, timingSafeEqual } from "node:crypto";
import { crc32 } from "node:zlib";
import { Random } from "@lab/simnet";
import type { Platform, Sha256 } from "../src/core/contract.js";

class PlainSha256 implements Sha256 {
  readonly #hash: Hash;

  constructor(hash: Hash = createHash("sha256")) {
    this.#hash = hash;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  copy(): Sha256 {
    return new PlainSha256(this.#hash.copy());
  }

  digest(): Uint8Array {
    return new Uint8Array(this.#hash.digest());
  }
}

/** A running SHA-256 over nothing yet. */
export function plainSha256(): Sha256 {
  return new PlainSha256();
}

export interface PlainPlatformOptions {
  /** Where the random bytes come from instead; in simnet the node's own source. */
  readonly randomBytes?: (length: number) => Uint8Array;
  /** Leaves `crc32` out, as on a platform that has none. Default false. */
  readonly withoutCrc32?: boolean;
}

export function plainPlatform(seed: number | string = 1, options: PlainPlatformOptions = {}): Platform {
  const random = new Random(seed);
  return {
    randomBytes: options.randomBytes ?? ((length) => random.bytes(length)),
    sha256: plainSha256,
    hmacSha256: (key, message) => new Uint8Array(createHmac("sha256", key).update(message).digest()),
    equalInConstantTime: (a, b) => a.length === b.length && timingSafeEqual(a, b),
    ...(options.withoutCrc32 === true || crc32 === undefined
      ? {}
      : { crc32: (bytes: Uint8Array, start: number) => crc32(bytes, start) }),
  };
}

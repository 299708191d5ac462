/** The platform port of the machines, made of Node's own cryptography. */
import { createHash, createHmac, type Hash, randomBytes, timingSafeEqual } from "node:crypto";
import * as zlib from "node:zlib";
import type { Platform, Sha256 } from "../core/contract.js";

class NodeSha256 implements Sha256 {
  readonly #hash: Hash;

  constructor(hash: Hash) {
    this.#hash = hash;
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
  }

  copy(): Sha256 {
    return new NodeSha256(this.#hash.copy());
  }

  digest(): Uint8Array {
    return plain(this.#hash.digest());
  }
}

/** A Buffer is an internal detail: what leaves is an array of its own. */
function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer);
}

/** What the machines ask of their platform, from `node:crypto`; `crc32` only where this Node has it (20.15, 22.2). */
export const nodePlatform: Platform = {
  randomBytes: (length) => plain(randomBytes(length)),
  sha256: () => new NodeSha256(createHash("sha256")),
  hmacSha256: (key, message) => plain(createHmac("sha256", key).update(message).digest()),
  equalInConstantTime: (a, b) => a.length === b.length && timingSafeEqual(a, b),
  ...(typeof zlib.crc32 === "function" && {
    crc32: (bytes: Uint8Array, start: number) => zlib.crc32(bytes, start),
  }),
};

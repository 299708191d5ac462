import { fc, it } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { crc32, crc32c } from "../src/core/crc32c.js";
import { RemoteProtocolError } from "../src/core/index.js";
import { CHECKSUMS } from "../src/core/v2-checksum.js";
import { isPacket, lengthOf, payloadOf } from "../src/core/v2-packet.js";
import {
  authenticationOf,
  decodeAccepted,
  decodeRequest,
  encodeAccepted,
  encodeRequest,
  type Request,
} from "../src/core/v2-request.js";

const session = fc.uint8Array({ minLength: 8, maxLength: 8 });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 });
const maybe = <Value>(one: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(one, { nil: undefined });
const number64 = fc.oneof(fc.maxSafeNat(), fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER));
const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 });
const request: fc.Arbitrary<Request> = fc
  .record({
    operation: fc.constantFrom("get" as const, "put" as const),
    name: text,
    blockBytes: fc.integer({ min: 1, max: 65_000 }),
    window: fc.integer({ min: 1, max: 32 }),
    checksums: fc.shuffledSubarray([...CHECKSUMS], { minLength: 1 }),
    size: number64,
    modifiedMs: maybe(number64),
    etag: maybe(fc.string({ minLength: 1, maxLength: 30 })),
    digest: maybe(digest),
    offset: maybe(number64),
    prefixDigest: maybe(digest),
    overwrite: fc.boolean(),
    resume: maybe(session),
    cookie: maybe(fc.uint8Array({ minLength: 1, maxLength: 64 })),
  })
  .map((one) => (one.operation === "put" ? one : { ...one, size: undefined }));

/** One bit at a time, as it is defined. */
function slowCrc(bytes: Uint8Array, polynomial: number): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
  }
  return ~crc >>> 0;
}

describe("v2 codecs", () => {
  it.prop([request, session])("S33: every REQ comes back as it was", (one, id) => {
    expect(decodeRequest(encodeRequest(one, id))).toEqual(one);
  });

  it.prop([request, digest])("S33: every ACCEPT comes back as it was", (one, prefixDigest) => {
    const { blockBytes, window, size, modifiedMs, etag, offset = 0, checksums } = one;
    const [checksum = "crc32c"] = checksums;
    const accepted = { blockBytes, window, size, modifiedMs, etag, offset, checksum, prefixDigest };
    expect(decodeAccepted(encodeAccepted(accepted))).toEqual(accepted);
  });

  it.prop([fc.uint8Array({ maxLength: 100 })])("S30, S33: garbage is refused, and throws nothing else", (bytes) => {
    for (const decode of [decodeRequest, decodeAccepted]) {
      try {
        decode(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(RemoteProtocolError);
      }
    }
    if (isPacket(bytes)) expect(payloadOf(bytes).length + 24).toBe(lengthOf(bytes));
  });

  it.prop([request, session, fc.nat(), fc.integer({ min: 1, max: 255 })])(
    "S33: a damaged REQ is one of another meaning, or refused",
    (one, id, at, mask) => {
      const bytes = encodeRequest(one, id, () => new Uint8Array(32));
      bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ mask;
      try {
        decodeRequest(bytes);
        authenticationOf(bytes, id);
      } catch (error) {
        expect(error).toBeInstanceOf(RemoteProtocolError);
      }
    },
  );

  it.prop([fc.uint8Array({ maxLength: 300, size: "max" }), fc.nat(300), fc.nat(300)])(
    "S32: the tables compute the definition",
    (bytes, a, b) => {
      const [from, to] = [Math.min(a, b, bytes.length), Math.min(Math.max(a, b), bytes.length)];
      expect(crc32c(bytes, 0, from, to)).toBe(slowCrc(bytes.subarray(from, to), 0x82f63b78));
      expect(crc32(bytes, 0, from, to)).toBe(slowCrc(bytes.subarray(from, to), 0xedb88320));
    },
  );
});

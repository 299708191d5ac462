/** Records are read as they were written, and whatever was changed in one is recognised. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32, plainCrc32 } from "../../src/node/level/crc32.js";
import { roomKeys } from "../../src/node/level/keys.js";
import {
  decodeCheckpointRecord,
  decodeMeta,
  decodeSegment,
  encodeCheckpointRecord,
  encodeMeta,
  encodeSegment,
} from "../../src/node/level/records.js";

const u53 = fc.maxSafeNat();
const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const bytes = fc.uint8Array({ maxLength: 60 });
const meta = fc.record({
  end: u53,
  meta: fc.record({
    epoch: u53,
    previousEpoch: u53,
    previousHead: u53,
    epochStart: u53,
    durability: fc.constantFrom("memory", "written", "fsync"),
    boot: fc.constantFrom("", "5b74df00-ff3e-44a6-a3ba-9c89fcae3c4a"),
    clean: fc.boolean(),
    lastMember: u32,
  }),
});
const segment = fc.record({
  epoch: u53,
  segment: fc.record({ first: u53, count: u32, sessions: bytes, entries: bytes }),
});
const checkpoint = fc.record({ upTo: u53, checkpoint: bytes });

const kinds = [
  { name: "meta", value: meta, encode: encodeMeta, decode: decodeMeta },
  { name: "segment", value: segment, encode: encodeSegment, decode: decodeSegment },
  { name: "checkpoint", value: checkpoint, encode: encodeCheckpointRecord, decode: decodeCheckpointRecord },
] as unknown as readonly {
  readonly name: string;
  readonly value: fc.Arbitrary<unknown>;
  encode(key: string, value: unknown): Uint8Array;
  decode(key: string, record: Uint8Array): unknown;
}[];

describe("records of a durable log", () => {
  for (const { name, value, encode, decode } of kinds) {
    it(`B27: a ${name} is read as it was written`, () => {
      fc.assert(
        fc.property(value, (one) => {
          expect(decode("a key", encode("a key", one))).toEqual(one);
        }),
      );
    });

    it(`B27: a ${name} that was cut, made longer, or has another bit or another key, is damaged`, () => {
      fc.assert(
        fc.property(
          value,
          fc.nat(),
          fc.integer({ min: 1, max: 255 }),
          fc.uint8Array({ minLength: 1 }),
          (one, at, bit, more) => {
            const record = encode("a key", one);
            expect(decode("a key", record.subarray(0, at % record.length))).toBeUndefined();
            expect(decode("a key", Buffer.concat([record, more]))).toBeUndefined();
            expect(decode("b key", record)).toBeUndefined();
            const changed = Uint8Array.from(record, (byte, i) => (i === at % record.length ? byte ^ bit : byte));
            expect(decode("a key", changed)).toBeUndefined();
          },
        ),
      );
    });
  }

  it("B27: arbitrary bytes are no record, and nothing throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (junk) => {
        for (const { decode } of kinds) expect(decode("a key", junk)).toBeUndefined();
      }),
    );
  });

  it("B27: the checksum is CRC-32, with zlib's or without", () => {
    expect(plainCrc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(plainCrc32(b, plainCrc32(a))).toBe(crc32(Buffer.concat([a, b])));
      }),
    );
  });
});

describe("the keys of a durable log", () => {
  const room = fc.string({ unit: "binary", minLength: 1, maxLength: 16 });

  it("B27: those of a room stand together, apart from those of another, whatever the names", () => {
    fc.assert(
      fc.property(room, room, u53, u53, (a, b, m, n) => {
        const [keys, others] = [roomKeys(a), roomKeys(b)];
        const mine = [keys.meta, keys.checkpoint, keys.segment(m), keys.segment(n)];
        for (const key of mine) {
          expect(key >= keys.from && key < keys.to).toBe(true);
          expect(key).toMatch(/^[ -~]+$/);
          if (a !== b) expect(key >= others.from && key < others.to).toBe(false);
        }
        expect(mine.slice(0, 2).every((key) => key < keys.segment(0))).toBe(true);
        expect(Math.sign(m - n)).toBe(
          keys.segment(m) < keys.segment(n) ? -1 : keys.segment(m) > keys.segment(n) ? 1 : 0,
        );
      }),
    );
  });
});

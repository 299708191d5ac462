/** Wire v1 and the first bytes of a connection, however they are cut (docs/rake.md R8 to R10). */

import { it } from "@fast-check/vitest";
import fc from "fast-check";
import { describe, expect, it as plain } from "vitest";
import { dialectOf, encodeV1, type V1Event, type V1Message } from "../../src/core/index.js";
import { bytesOf, hear, type Part, string } from "./streams.js";

const dialects = fc.constantFrom("v1-4" as const, "v1-8" as const);
const sides = fc.constantFrom("client" as const, "server" as const);
const name = fc.constantFrom("a", "a.txt", "Jürgen", "-", "x y");
const file = fc.uint8Array({ maxLength: 30 });
const text = fc.string({ unit: "grapheme", maxLength: 12 });

type Said = readonly (V1Message | Uint8Array)[];
const input: fc.Arbitrary<Said> = fc
  .record({ type: fc.constantFrom("BIN_FILE" as const, "SEND_FILE" as const), name, bytes: file })
  .map((one) => [{ type: one.type, name: one.name, size: one.bytes.length }, one.bytes]);
const action: fc.Arbitrary<Said> = fc
  .record({ inputs: fc.array(input, { maxLength: 3 }), command: text })
  .map(({ inputs, command }) => [...inputs.flat(), { type: "EXECUTE", command }]);
const answer: fc.Arbitrary<Said> = fc.oneof(
  fc.constant([{ type: "NO_OUTPUT" }] as Said),
  fc
    .record({ name, bytes: file })
    .map(
      (one): Said => [
        { type: "RETURN_STATUS" },
        { type: "RETURN_FILE", name: one.name, size: one.bytes.length },
        one.bytes,
      ],
    ),
  fc
    .record({
      type: fc.constantFrom("RETURN_STDOUT" as const, "RETURN_STDERR" as const),
      status: fc.integer({ min: 1, max: 255 }),
      bytes: file,
    })
    .map((one): Said => [{ type: one.type, status: one.status, size: one.bytes.length }, one.bytes]),
);
const stream = fc.oneof(
  fc.constant({ side: "client" as const, said: [{ type: "QUOTE_REQUEST" }] as Said }),
  action.map((said) => ({ side: "client" as const, said })),
  fc.nat().map((cost) => ({ side: "server" as const, said: [{ type: "QUOTE_REPLY", cost }] as Said })),
  fc.tuple(fc.nat({ max: 3 }), answer).map(([acks, last]) => ({
    side: "server" as const,
    said: [...Array.from({ length: acks }, () => ({ type: "ACK" }) as const), ...last],
  })),
);

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

it.prop([dialects, stream, fc.array(fc.nat({ max: 6 }), { maxLength: 60 })])(
  "R8: what was said is heard, whole, in every chunking",
  (dialect, { side, said }, sizes) => {
    const bytes = Buffer.concat(said.map((one) => (one instanceof Uint8Array ? one : encodeV1(dialect, one))));
    const expected = said.flatMap((one): readonly V1Event[] => {
      if (!(one instanceof Uint8Array)) return [one];
      return one.length === 0 ? [{ type: "BODY_END" }] : [{ type: "BODY", bytes: one }, { type: "BODY_END" }];
    });
    const heard = hear(dialect, side, cut(bytes, sizes));
    expect(heard).toEqual({ events: expected, error: undefined, isDone: true });
    expect(
      hear(
        dialect,
        side,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(heard);
  },
);

const part: fc.Arbitrary<Part> = fc.oneof(
  fc.nat({ max: 12 }),
  fc.nat(),
  name.map(string),
  fc.uint8Array({ maxLength: 8 }),
);
const opening = fc.constantFrom<Part[]>([], [3, string("a"), 2], [5], [6, 0, 9], [7, 1], [10]);

it.prop([dialects, sides, opening, fc.array(part, { maxLength: 8 }), fc.array(fc.nat({ max: 6 }), { maxLength: 30 })])(
  "R9: garbage ends in the same way in every chunking, and in no other than an error of the protocol",
  (dialect, side, begun, parts, sizes) => {
    const bytes = bytesOf(dialect, [...begun, ...parts]);
    const whole = hear(dialect, side, [bytes]);
    if (whole.error !== undefined) expect(whole.error).toMatch(/^(BAD_MESSAGE|TOO_BIG): ./);
    expect(hear(dialect, side, cut(bytes, sizes))).toEqual(whole);
    expect(
      hear(
        dialect,
        side,
        Array.from(bytes, (byte) => Uint8Array.of(byte)),
      ),
    ).toEqual(whole);
  },
);

describe("R10: the first bytes tell the dialects apart", () => {
  const hex = (digits: string): Uint8Array => new Uint8Array(Buffer.from(digits.replaceAll(" ", ""), "hex"));
  plain.each([
    ["00000001", "v1-4", 4],
    ["00000003", "v1-4", 4],
    ["00000004 0000", "v1-4", 4],
    ["00000005", "v1-4", 4],
    ["00000002", "unknown", 4],
    ["00000006", "unknown", 4],
    ["47455420 2f20", "unknown", 4],
    ["16030100 ffff", "unknown", 4],
    ["00000000 00000001", "v1-8", 8],
    ["00000000 00000003", "v1-8", 8],
    ["00000000 00000004", "v1-8", 8],
    ["00000000 00000005 00", "v1-8", 8],
    ["00000000 00000000", "unknown", 8],
    ["00000000 00000002", "unknown", 8],
    ["00000000 00000008", "unknown", 8],
    ["00000000 00000009", "v2", 8],
    ["00000000 00000038", "v2", 8],
    ["00000000 00010000", "v2", 8],
    ["00000000 00010001", "unknown", 8],
    ["00000000 ffffffff", "unknown", 8],
  ] as const)("%s: %s after %d bytes", (digits, expected, decidedAfter) => {
    const bytes = hex(digits);
    for (let end = 0; end <= bytes.length; end++) {
      expect(dialectOf(bytes.subarray(0, end)), `${end}`).toBe(end < decidedAfter ? undefined : expected);
    }
  });
});

const first = fc.oneof(
  fc.uint8Array({ maxLength: 16 }),
  fc.nat({ max: 70_000 }).map((n) => bytesOf("v1-8", [n])),
  fc.nat({ max: 12 }).map((n) => bytesOf("v1-4", [n, n])),
);

it.prop([first])("R10: what was told stays, and eight bytes always tell", (bytes) => {
  const told = Array.from({ length: bytes.length + 1 }, (_, end) => dialectOf(bytes.subarray(0, end)));
  const decided = told.findIndex((one) => one !== undefined);
  if (bytes.length >= 8) expect(decided === 4 || decided === 8).toBe(true);
  if (decided >= 0) expect(new Set(told.slice(decided)).size).toBe(1);
});

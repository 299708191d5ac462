/** The codec of v2 under whatever can be said, and whatever can be sent (docs/rake.md R12 to R15). */

import { it } from "@fast-check/vitest";
import fc from "fast-check";
import { expect } from "vitest";
import { encode, type Message, pathFault, RemoteProtocolError } from "../../src/core/index.js";
import { TYPES } from "../../src/core/message-types.js";
import { ACK_CODES, BYE_CODES, ENDS, REFUSALS, SANDBOXES } from "../../src/core/messages.js";
import { decode } from "./said.js";

const number = fc.maxSafeNat();
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const digest = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const thirtyTwo = fc.uint8Array({ minLength: 32, maxLength: 32 });
const text = fc.string({ unit: "binary", maxLength: 40 }).filter((one) => !/\p{Surrogate}/u.test(one));
const name = text.filter((one) => one !== "" && new TextEncoder().encode(one).length <= 64);
const resources = fc.array(
  name.map((one) => one.replace(/[\t\n\v\f\r ]/g, "_")),
  { maxLength: 4 },
);
const path = text.filter((one) => pathFault(one) === undefined);
const mode = fc.integer({ min: 0, max: 0o777 });
const body = fc.uint8Array({ maxLength: 100 });
const of = <Type extends Message["type"]>(type: Type) => ({ type: fc.constant(type), actionId: positive });
const ofConnection = <Type extends Message["type"]>(type: Type) => ({ type: fc.constant(type) });

/** A part of a file, and whether it is its last. */
const piece = fc
  .record({ offset: fc.integer({ min: 0, max: 2 ** 52 }), body, behind: fc.integer({ min: 0, max: 3 }) })
  .map((one) => ({
    size: one.offset + one.body.length + one.behind,
    offset: one.offset,
    last: one.behind === 0,
    body: one.body,
  }));

const said = fc.oneof(
  fc.record({ ...ofConnection("HELLO"), version: number, features: number, nonce: thirtyTwo }),
  fc.record({
    ...ofConnection("CHALLENGE"),
    version: number,
    authentication: fc.constantFrom("none", "secret"),
    nonce: thirtyTwo,
  }),
  fc.record({ ...ofConnection("AUTH"), mac: thirtyTwo }),
  fc.record({
    ...ofConnection("WELCOME"),
    mac: thirtyTwo,
    name,
    cores: positive,
    speed: positive,
    slots: number,
    sandbox: fc.constantFrom(...SANDBOXES),
    toolchain: text,
    resources,
    maxFrameBytes: fc.integer({ min: 131_072, max: Number.MAX_SAFE_INTEGER }),
    maxInputs: number,
    maxBlobBytes: number,
    maxOutputBytes: number,
    maxActionMs: number,
    heartbeatMs: positive,
  }),
  fc.record({
    ...of("QUOTE"),
    kind: text,
    command: text,
    workMs: number,
    inputs: fc.array(fc.record({ digest, size: number }), { maxLength: 5 }),
    resources,
  }),
  fc.record({
    ...of("BID"),
    reservation: number,
    validForMs: number,
    costMs: number,
    queueMs: number,
    runMs: number,
    transferMs: number,
    chargeMs: number,
    missing: fc.array(digest, { maxLength: 5 }),
  }),
  fc.record({ ...of("REFUSE"), reason: fc.constantFrom(...REFUSALS), retryAfterMs: number, text }),
  fc.tuple(fc.record({ ...of("BLOB"), digest }), piece).map(([one, part]) => ({ ...one, ...part })),
  fc.record({ ...of("ACK"), digest, code: fc.constantFrom(...ACK_CODES) }),
  fc.record({
    ...of("EXECUTE"),
    reservation: number,
    command: text,
    timeoutMs: number,
    inputs: fc.array(fc.record({ path, digest, mode }), { maxLength: 5 }),
    outputs: fc.array(path, { maxLength: 5 }),
  }),
  fc.record({ ...of("MISSING"), digests: fc.array(digest, { maxLength: 5 }) }),
  fc.record({ ...of("EXPIRED"), reservation: number }),
  fc.record({ ...of("STARTED") }),
  fc.record({ ...of("STDOUT"), offset: fc.integer({ min: 0, max: 2 ** 52 }), body }),
  fc.record({ ...of("STDERR"), offset: fc.integer({ min: 0, max: 2 ** 52 }), body }),
  fc.record({
    ...of("STATUS"),
    end: fc.constantFrom(...ENDS),
    code: number,
    cpuMicros: number,
    peakBytes: number,
    wallMicros: number,
    text,
  }),
  fc.tuple(fc.record({ ...of("OUTPUT"), path, mode, digest }), piece).map(([one, part]) => ({ ...one, ...part })),
  fc.record({ ...of("DONE"), stdoutBytes: number, stderrBytes: number, outputs: number }),
  fc.record({ ...of("CANCEL") }),
  fc.record({ ...of("RELEASE"), reservation: number }),
  fc.record({ ...of("CREDIT"), bytes: number }),
  fc.record({ ...ofConnection("PING"), nonce: number }),
  fc.record({ ...ofConnection("PONG"), nonce: number }),
  fc.record({ ...ofConnection("BYE"), code: fc.constantFrom(...BYE_CODES), text }),
) as fc.Arbitrary<Message>;

/** Whether it is a message; what is taken is what would be said, but for bytes behind the last field. */
function isMessage(type: Message["type"], payload: Uint8Array): boolean {
  try {
    const message = decode(type, payload);
    if (message === undefined) return true;
    const again = encode(message).subarray(8);
    expect(Buffer.from(payload.subarray(0, again.length)).equals(again)).toBe(true);
    return true;
  } catch (error) {
    if (!(error instanceof RemoteProtocolError)) throw error;
    expect(error.code).toBe("BAD_MESSAGE");
    expect(error.message).not.toBe("");
    return false;
  }
}

it.prop([said])("R12: what was said is what is read, from a frame of exactly its length", (message) => {
  const frame = encode(message);
  expect(new DataView(frame.buffer).getBigUint64(0)).toBe(BigInt(frame.length - 8));
  expect(decode(message.type, frame.subarray(8))).toEqual(message);
});

it.prop([fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 1, max: 24 })])(
  "R15: garbage is a message, or the one error",
  (garbage, number) => {
    isMessage(TYPES[number] as Message["type"], Uint8Array.of(0, 0, 0, 0, 0, 0, 0, number, ...garbage));
  },
);

it.prop([fc.uint8Array({ maxLength: 40 })])("R15: and so it is where its type is garbage too", (garbage) => {
  isMessage("BID", garbage);
  isMessage("QUOTE", garbage);
});

it.prop([said, fc.nat(), fc.integer({ min: 1, max: 255 })])(
  "R15: a message with a changed byte is another message, or the one error; a part of one is none",
  (message, at, change) => {
    const payload = encode(message).subarray(8);
    expect(isMessage(message.type, payload.subarray(0, at % payload.length))).toBe(false);
    const changed = payload.slice();
    const where = 8 + (at % (payload.length - 8));
    changed[where] = (changed[where] as number) ^ change;
    isMessage(message.type, changed);
  },
);

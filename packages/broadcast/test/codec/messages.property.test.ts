/** The codec under whatever can be said, and whatever can be sent. */

import { it } from "@fast-check/vitest";
import { FrameDecoder } from "@lab/framing/core";
import fc from "fast-check";
import { expect } from "vitest";
import {
  BATCH_HEADER_BYTES,
  BatchWriter,
  decode,
  type Entry,
  EntryWalker,
  encode,
  findEntry,
  frameOfEntries,
  KIND,
  type Message,
  PublishWalker,
  RemoteProtocolError,
} from "../../src/core/index.js";
import { CLOSE_CODES, GAP_REASONS, PUBLISH_CODES, STATUSES } from "../../src/core/messages.js";
import { hasControls } from "../../src/core/text-rules.js";

const number = fc.maxSafeNat();
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const u16 = fc.integer({ min: 0, max: 65_535 });
const u32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const u32Positive = fc.integer({ min: 1, max: 2 ** 32 - 1 });
const bytes = fc.uint8Array({ maxLength: 100 });
const sixteen = fc.uint8Array({ minLength: 16, maxLength: 16 });
const thirtyTwo = fc.uint8Array({ minLength: 32, maxLength: 32 });
const isName = (text: string) => {
  const { length } = new TextEncoder().encode(text);
  return length >= 1 && length <= 64 && !hasControls(text) && !/\p{Surrogate}/u.test(text);
};
const name = fc.string({ unit: "binary", maxLength: 20 }).filter(isName);
const window = fc.integer({ min: 1, max: 1_000_000 });
const of = <Type extends string>(type: Type) => ({ type: fc.constant(type) });

const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.record({ kind: fc.constant("message" as const), member: u32Positive, clientSeq: positive, bytes }),
  fc.record({
    kind: fc.constant("join" as const),
    member: u32Positive,
    clientSeq: fc.constant(0),
    bytes: name.map((text) => new TextEncoder().encode(text)),
  }),
  fc.record({
    kind: fc.constant("leave" as const),
    member: u32Positive,
    clientSeq: fc.constant(0),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 1, max: 1 }),
  }),
  fc.record({
    kind: fc.constant("marker" as const),
    member: u32Positive,
    clientSeq: positive,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 1, max: 1 }),
  }),
);
const entries = fc.array(entry, { minLength: 1, maxLength: 20 });
const first = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER - 20 });

const hello = fc
  .record({
    ...of("hello"),
    observer: fc.boolean(),
    stable: fc.boolean(),
    clientId: sixteen,
    token: sixteen,
    room: name,
    name,
    epoch: number,
    last: number,
    start: fc.constantFrom("live", "all", "from", "snapshot"),
    from: number,
    window,
  })
  .map((one) => ({
    ...one,
    from: one.start === "from" ? one.from : 0,
    ...(one.observer ? { clientId: new Uint8Array(16), token: new Uint8Array(16) } : {}),
  })) as fc.Arbitrary<Message>;
const fromClient = fc.oneof(
  hello,
  fc.record({
    ...of("publish"),
    firstClientSeq: first,
    payloads: fc.array(bytes, { minLength: 1, maxLength: 20 }),
  }),
  fc.record({ ...of("ack"), last: number, window }),
  fc.record({ ...of("auth"), mac: thirtyTwo }),
  fc.record({ ...of("ping"), nonce: number }),
) as fc.Arbitrary<Message>;
const fromServer = fc.oneof(
  fc.record({
    ...of("welcome"),
    status: fc.constantFrom(...STATUSES),
    epoch: positive,
    token: sixteen,
    member: u32,
    head: number,
    firstRetained: positive,
    resumeFrom: positive,
    lastClientSeq: number,
    lastNumber: number,
    ackEvery: u16,
    ackAfterMs: u16,
    heartbeatMs: u32Positive,
    maxMessageBytes: u32,
    publishWindow: u32Positive,
    members: fc.array(fc.record({ member: u32Positive, name }), { maxLength: 5 }),
  }),
  fc.record({ ...of("puback"), clientSeq: positive, number: positive, code: fc.constantFrom(...PUBLISH_CODES) }),
  fc.record({ ...of("batch"), first, entries }),
  fc
    .record({ ...of("gap"), from: positive, to: positive, reason: fc.constantFrom(...GAP_REASONS) })
    .map((one) => ({ ...one, from: Math.min(one.from, one.to), to: Math.max(one.from, one.to) })),
  fc.record({ ...of("snapshot"), upTo: number, chunk: u32, isLast: fc.boolean(), bytes }),
  fc.record({ ...of("pong"), nonce: number }),
  fc.record({
    ...of("close"),
    code: fc.constantFrom(...CLOSE_CODES.filter((code) => code !== "LEAVE")),
    text: fc.string({ maxLength: 60 }),
  }),
  fc.record({ ...of("challenge"), nonce: thirtyTwo }),
  fc.record({ ...of("stable"), upTo: number }),
) as fc.Arbitrary<Message>;
const said = fc.oneof(
  fromClient.map((message) => ({ message, from: "client" as const })),
  fromServer.map((message) => ({ message, from: "server" as const })),
);

it.prop([fc.array(said, { maxLength: 5 }), fc.array(fc.nat(400), { maxLength: 8 })])(
  "B1: what is said is what is heard, however the bytes are cut",
  (all, cuts) => {
    const stream = Buffer.concat(all.map(({ message }) => encode(message)));
    const decoder = new FrameDecoder();
    const ends = [...cuts.map((cut) => Math.min(cut, stream.length)).sort((a, b) => a - b), stream.length];
    let at = 0;
    const payloads = ends.flatMap((end) => {
      const frames = decoder.push(new Uint8Array(stream.subarray(at, end)));
      at = end;
      return frames;
    });
    expect(payloads.map((payload, index) => decode(payload, all[index]?.from ?? "client"))).toEqual(
      all.map(({ message }) => message),
    );
  },
);

/** Whether `decode` gave a message; it throws nothing but what it says it throws. */
function isMessage(payload: Uint8Array, from: "client" | "server"): boolean {
  try {
    const message = decode(payload, from);
    // What is taken is exactly what would be said.
    expect(Buffer.from(encode(message).subarray(8)).equals(payload)).toBe(true);
    return true;
  } catch (error) {
    if (!(error instanceof RemoteProtocolError)) throw error;
    expect(error.code).toBe("BAD_MESSAGE");
    return false;
  }
}

it.prop([fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 16 }), fc.constantFrom("client", "server")])(
  "B4: garbage is a message, or the one error",
  (garbage, type, from) => {
    isMessage(Uint8Array.of(type, ...garbage), from);
  },
);

it.prop([said, fc.nat(), fc.integer({ min: 1, max: 255 })])(
  "B4: a message with a changed byte is another message, or the one error; a part of one is none",
  ({ message, from }, at, change) => {
    const payload = encode(message).subarray(8);
    expect(isMessage(payload.subarray(0, at % payload.length), from)).toBe(false);
    const changed = payload.slice();
    const where = at % changed.length;
    changed[where] = (changed[where] as number) ^ change;
    isMessage(changed, from);
  },
);

it.prop([fc.array(entries, { minLength: 1, maxLength: 5 }), first, fc.integer({ min: 21, max: 400 })])(
  "B12: a BatchWriter makes the frames that encode makes, whatever memory it begins with, and none changes another",
  (batches, start, slabBytes) => {
    const writer = new BatchWriter(slabBytes);
    const frames = batches.map((batch) => {
      for (const one of batch) {
        const padded = Uint8Array.of(7, ...one.bytes, 7);
        writer.add(KIND[one.kind], one.member, one.clientSeq, padded, 1, 1 + one.bytes.length);
      }
      expect(writer.count).toBe(batch.length);
      const { entriesBytes } = writer;
      const frame = writer.finish(start);
      expect(frame.length).toBe(BATCH_HEADER_BYTES + entriesBytes);
      return frame;
    });
    expect(frames.map((frame) => Buffer.from(frame).toString("hex"))).toEqual(
      batches.map((batch) => Buffer.from(encode({ type: "batch", first: start, entries: batch })).toString("hex")),
    );
  },
);

it.prop([entries, first, fc.nat(19), fc.nat(19)])(
  "B18: a run of encoded entries is found and framed again",
  (batch, start, a, b) => {
    const encoded = encode({ type: "batch", first: start, entries: batch }).subarray(BATCH_HEADER_BYTES);
    const from = Math.min(a, b) % batch.length;
    const to = from + 1 + (Math.max(a, b) % (batch.length - from));
    const begin = findEntry(encoded, from);
    const end = findEntry(encoded, to - from, begin);
    const some = batch.slice(from, to);
    const expected = encode({ type: "batch", first: start + from, entries: some });
    expect(frameOfEntries(start + from, some.length, encoded, begin, end)).toEqual(expected);
    const writer = new BatchWriter(21);
    writer.addEntries(some.length, encoded, begin, end);
    expect(writer.finish(start + from)).toEqual(expected);
    const walker = new EntryWalker().begin(encoded, begin, end);
    const walked: Entry[] = [];
    while (walker.next()) walked.push(walker.entry());
    expect(walked).toEqual(some);
  },
);

it.prop([fc.array(bytes, { minLength: 1, maxLength: 20 }), first, fc.uint8Array({ maxLength: 9 })])(
  "B1: a PublishWalker sees what is decoded, wherever the PUBLISH stands",
  (payloads, firstClientSeq, before) => {
    const payload = encode({ type: "publish", firstClientSeq, payloads }).subarray(8);
    const placed = Uint8Array.of(...before, ...payload, 9);
    const walker = new PublishWalker().begin(placed, before.length, before.length + payload.length);
    expect([walker.firstClientSeq, walker.count]).toEqual([firstClientSeq, payloads.length]);
    const seen: Uint8Array[] = [];
    while (walker.next()) seen.push(placed.slice(walker.start, walker.end));
    expect(seen).toEqual(payloads);
  },
);

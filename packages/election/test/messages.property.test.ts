/** The codec under whatever can be said, and whatever can be sent. */

import { it } from "@fast-check/vitest";
import fc from "fast-check";
import { expect } from "vitest";
import { medalOf } from "../src/core/host-table.js";
import {
  type Body,
  decodeMessage,
  encodeMessage,
  framed,
  type Message,
  RemoteProtocolError,
} from "../src/core/index.js";
import { hasControls } from "../src/core/text-rules.js";

const text = (maxLength: number) => fc.string({ unit: "binary", maxLength }).filter((one) => !hasControls(one));
const id = text(16).filter((one) => one !== "");
const word = text(64).filter((one) => one !== "");
const address = fc.stringMatching(/^[A-Za-z0-9._:%[\]-]{1,64}$/);
const epoch = fc.integer({ min: 0, max: 2 ** 48 });
const incarnation = fc.uint8Array({ minLength: 8, maxLength: 8 }).map((bytes) => Buffer.from(bytes).toString("hex"));
const micros = fc.integer({ min: 0, max: 2 ** 51 }).map((us) => us / 1_000);
const stamp = fc.record({ mono: micros, wall: fc.maxSafeNat() });
const count = fc.maxSafeNat();
const named = {
  leaderId: text(16),
  leaderAddress: fc.oneof(address, fc.constant("")),
  leaderEpoch: epoch,
};
const load = fc
  .record({
    cpuPercent: fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100),
    usedRamBytes: count,
    totalRamBytes: count,
    freeBandwidthBytes: count,
    freeDiskBytes: count,
    measuredAtMs: count,
  })
  .map((one) => ({ ...one, totalRamBytes: Math.max(one.usedRamBytes, one.totalRamBytes) }));
const of = <Type extends string>(type: Type) => ({ type: fc.constant(type) });
const row = fc
  .record({
    rank: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
    id,
    hostName: word,
    address,
    ui: fc.option(word, { nil: undefined }),
    load,
    score: fc.double({ noNaN: true, noDefaultInfinity: true }),
    status: fc.constantFrom("connected", "disconnected"),
    isLeader: fc.boolean(),
  })
  .map((one) => ({ ...one, medal: medalOf(one.rank) }));
const body = fc.oneof(
  fc.record({ ...of("hello"), address }),
  fc.record({
    ...of("redirect"),
    for: incarnation,
    ...named,
    givenId: text(16),
    refusal: fc.constantFrom("none", "idTaken", "tableFull"),
  }),
  fc.record({
    ...of("report"),
    address,
    hostName: word,
    ui: text(64),
    echo: fc.option(fc.record({ epoch, stamp }), { nil: undefined }),
    load,
  }),
  fc.record({
    ...of("ack"),
    for: incarnation,
    address,
    stamp,
    leaseMs: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fallbacks: fc.array(fc.record({ id, address }), { maxLength: 3 }),
  }),
  fc.record({ ...of("preVote"), address, stamp }),
  fc.record({ ...of("preVoteReply"), for: incarnation, stamp, granted: fc.boolean(), knows: fc.boolean() }),
  fc.record({
    ...of("voteReq"),
    address,
    proposed: epoch,
    stamp,
    release: fc.option(fc.record({ holder: id, epoch }), { nil: undefined }),
  }),
  fc.record({ ...of("vote"), for: incarnation, proposed: epoch, stamp, granted: fc.boolean() }),
  fc.record({ ...of("announce"), address }),
  fc.record({ ...of("prepare"), for: incarnation, stamp }),
  fc.record({ ...of("ready"), for: incarnation, stamp }),
  fc.record({ ...of("offer"), for: incarnation }),
  fc.record({ ...of("probe"), address }),
  fc.record({ ...of("stale"), ...named }),
  fc.record({ ...of("watch"), first: fc.nat() }),
  fc.record({
    ...of("view"),
    for: incarnation,
    mode: fc.constantFrom("available", "quorum"),
    role: fc.constantFrom(
      "quarantine",
      "leaderless",
      "follower",
      "prevote",
      "candidate",
      "leader",
      "released",
      "stopped",
    ),
    address,
    ...named,
    leaseMs: fc.nat(),
    leaseRemainingMs: fc.oneof(fc.nat(), fc.constant(Number.POSITIVE_INFINITY)),
    fallbacks: fc.array(fc.record({ id, address }), { maxLength: 3 }),
    snapshot: count,
    total: fc.nat(),
    first: fc.nat(),
    rows: fc.array(row, { maxLength: 4 }),
  }),
  fc.record({ ...of("retire"), for: incarnation, epoch, to: text(16) }),
) as fc.Arbitrary<Body>;
const message: fc.Arbitrary<Message> = fc.record({
  header: fc.record({
    epoch,
    incarnation,
    settings: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    cluster: id,
    sender: id,
  }),
  body,
});

it.prop([message])("E3, B4: what is written is what is read", (one) => {
  expect(decodeMessage(encodeMessage(one))).toEqual(one);
});

it.prop([message])("E5: no prefix of a message is a message", (one) => {
  const bytes = encodeMessage(one);
  for (let end = 0; end < bytes.length; end += 7) {
    expect(() => decodeMessage(bytes.subarray(0, end))).toThrow(RemoteProtocolError);
  }
});

it.prop([fc.oneof(fc.uint8Array({ maxLength: 200 }), message.map(encodeMessage)), fc.nat(), fc.nat(255)])(
  "E5: any bytes are a message or a RemoteProtocolError",
  (bytes, at, value) => {
    if (bytes.length > 0) bytes[at % bytes.length] = value;
    try {
      const one = decodeMessage(bytes);
      expect(Buffer.from(encodeMessage(one)).equals(bytes)).toBe(true);
    } catch (error) {
      expect(error).toBeInstanceOf(RemoteProtocolError);
    }
  },
);

it.prop([message, fc.uint8Array({ minLength: 8, maxLength: 16 })])(
  "E1: a frame is the length and the payload, wherever the payload stands in its memory",
  (one, before) => {
    const payload = encodeMessage(one);
    const length = Uint8Array.of(0, 0, 0, 0, 0, 0, payload.length >>> 8, payload.length);
    const expected = Buffer.from([...length, ...payload]);
    const behind = (front: Uint8Array): Uint8Array => Uint8Array.from([...front, ...payload]).subarray(front.length);
    for (const same of [payload, Uint8Array.from(payload), behind(before), behind(length)]) {
      expect(expected.equals(framed(same))).toBe(true);
    }
  },
);

/** What is kept of sessions is read as it was written, and what is damaged is recognised. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeJoins,
  encodeCheckpoint,
  encodeJoins,
  type JoinedSession,
} from "../../src/core/stored-sessions.js";

const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
const name = fc.constantFrom("ana", "ana", "Ünï cödé", "名前", "x".repeat(64));
const u53 = fc.maxSafeNat();
const join: fc.Arbitrary<JoinedSession> = fc.record({
  clientId: id,
  token: id,
  member: fc.integer({ min: 1, max: 0xffff_ffff }),
  name,
});
const checkpoint: fc.Arbitrary<Checkpoint> = fc
  .record({
    number: u53,
    sessions: fc.uniqueArray(fc.tuple(join, fc.boolean(), u53, u53, u53), {
      maxLength: 20,
      selector: ([{ member }]) => member,
    }),
  })
  .map(({ number, sessions }) => ({
    number,
    lastMember: Math.max(0, ...sessions.map(([{ member }]) => member)),
    sessions: sessions.map(([joined, isJoined, since, lastClientSeq, lastNumber]) => ({
      ...joined,
      joined: isJoined,
      since: Math.min(since, number),
      lastClientSeq,
      lastNumber: Math.min(lastNumber, number),
    })),
  }));

describe("what is kept of sessions", () => {
  it("B27: the joins of a segment are read as they were written", () => {
    fc.assert(
      fc.property(fc.array(join, { maxLength: 20 }), (joins) => {
        expect(decodeJoins(encodeJoins(joins))).toEqual(joins);
      }),
    );
    expect(encodeJoins([])).toHaveLength(0);
  });

  it("B27: a checkpoint is read as it was written, wherever in memory it stands", () => {
    fc.assert(
      fc.property(checkpoint, fc.nat(9), (table, at) => {
        const bytes = encodeCheckpoint(table);
        const moved = new Uint8Array(at + bytes.length + 3).fill(0xff);
        moved.set(bytes, at);
        expect(decodeCheckpoint(moved.subarray(at, at + bytes.length))).toEqual(table);
      }),
    );
  });

  it("B27: one with a piece missing or something behind it is damaged, and nothing throws", () => {
    fc.assert(
      fc.property(checkpoint, fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 40 }), (table, at, more) => {
        const bytes = encodeCheckpoint(table);
        expect(decodeCheckpoint(bytes.subarray(0, at % bytes.length))).toBeUndefined();
        expect(decodeCheckpoint(Buffer.concat([bytes, more]))).toBeUndefined();
        const joins = encodeJoins(table.sessions);
        const items = decodeJoins(joins.subarray(0, at % (joins.length + 1)));
        expect(items === undefined || items.length <= table.sessions.length).toBe(true);
      }),
    );
  });

  it("B27: arbitrary bytes are a table or damaged, and nothing throws", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, known) => {
        if (known && bytes.length > 0) bytes[0] = 1;
        const table = decodeCheckpoint(bytes);
        if (table !== undefined) expect(encodeCheckpoint(table)).toEqual(bytes);
        const joins = decodeJoins(bytes);
        if (joins !== undefined) expect(encodeJoins(joins)).toEqual(bytes);
      }),
    );
  });

  it("B27: a table that names a member twice, or a number behind its own, is damaged", () => {
    const one = {
      clientId: new Uint8Array(16).fill(1),
      token: new Uint8Array(16).fill(2),
      member: 1,
      name: "ana",
      joined: true,
      since: 5,
      lastClientSeq: 2,
      lastNumber: 6,
    };
    const read = (number: number, lastMember: number, ...sessions: Checkpoint["sessions"]): unknown =>
      decodeCheckpoint(encodeCheckpoint({ number, lastMember, sessions }));
    expect(read(6, 1, one)).toBeDefined();
    expect(read(5, 1, one)).toBeUndefined();
    expect(read(6, 0, one)).toBeUndefined();
    expect(read(6, 2, one, { ...one, clientId: new Uint8Array(16).fill(3) })).toBeUndefined();
    expect(read(6, 1, { ...one, since: 7 })).toBeUndefined();
    expect(read(6, 1, { ...one, member: 0 })).toBeUndefined();
  });
});

/** The table of sessions is the same whichever way the log was cut, trimmed and checkpointed: a plain model tells what it must be. */

import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type RecoveredRoom, recover } from "../../src/core/recovery.js";
import type { Durability, Recovered, StoredMeta } from "../../src/core/server-contract.js";
import { encodeCheckpoint, type StoredSession } from "../../src/core/stored-sessions.js";
import { recoveryMutants } from "./recovery-mutants.js";
import { idOf, type Said, ToldLog } from "./told-log.js";

const client = fc.nat(5);
const said: fc.Arbitrary<Said[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ type: fc.constant("publish" as const), client }) },
    { weight: 3, arbitrary: fc.record({ type: fc.constant("join" as const), client }) },
    { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("leave", "refused", "evict"), client }) },
    { weight: 2, arbitrary: fc.constant<Said>({ type: "cut" }) },
  ),
  { maxLength: 120, size: "max" },
) as fc.Arbitrary<Said[]>;

type Recover = typeof recover;

const meta: StoredMeta = {
  epoch: 7,
  previousEpoch: 5,
  previousHead: 0,
  epochStart: 1,
  durability: "written",
  boot: "a boot",
  clean: false,
  lastMember: 0,
};

/** What a store has of the model: a checkpoint and a trim at any points, and all behind a number of segments lost. */
function stored(log: ToldLog, checkpointAt: number, trimAt: number, cutAt: number): Recovered {
  const number = checkpointAt % (log.head + 1);
  const upTo = trimAt % (number + 1);
  const kept = log.segments.filter(({ first, count }) => first + count - 1 > upTo);
  return {
    meta,
    checkpoint: encodeCheckpoint({
      number,
      lastMember: log.lastMembers[number] ?? 0,
      sessions: log.tables[number] ?? [],
    }),
    segments: kept.slice(0, kept.length - (cutAt % (kept.length + 1))),
    damaged: false,
    boot: "a boot",
  };
}

function byMember(sessions: Iterable<StoredSession>): StoredSession[] {
  return [...sessions].sort((a, b) => a.member - b.member);
}

/** Of those that the model has none: they were evicted, which no entry tells, and the checkpoint is from before. */
function checkTable(log: ToldLog, room: RecoveredRoom): void {
  const expected = log.tables[room.head] ?? [];
  const members = new Set(expected.map(({ member }) => member));
  expect(byMember([...room.sessions.values()].filter(({ member }) => members.has(member)))).toEqual(byMember(expected));
  for (const one of room.sessions.values()) if (!members.has(one.member)) expect(one.joined).toBe(false);
  expect(byMember(room.byMember.values())).toEqual(byMember(room.sessions.values()));
  expect(room.lastMember).toBe(log.lastMembers[room.head]);
}

function checkRecovery(recoverIt: Recover, options: fc.Parameters<unknown> = {}): void {
  fc.assert(
    fc.property(said, fc.nat(), fc.nat(), fc.nat(), (words, checkpointAt, trimAt, cutAt) => {
      const log = new ToldLog(words);
      const has = stored(log, checkpointAt, trimAt, cutAt);
      const number = checkpointAt % (log.head + 1);
      const room = recoverIt(has, "written", 9);
      const last = has.segments.at(-1);
      expect(room.segments).toEqual(has.segments);
      expect(room.head).toBe(last === undefined ? number : last.first + last.count - 1);
      expect(room.firstRetained).toBe(has.segments[0]?.first ?? room.head + 1);
      expect(room.goesOn).toBe(room.head >= number);
      if (room.head >= number) checkTable(log, room);
    }),
    options,
  );
}

describe("the table of sessions is rebuilt", () => {
  it("B27: from the checkpoint and the segments behind it, for any trim point, checkpoint and prefix of the log", () => {
    checkRecovery(recover);
  });

  for (const [name, mutant] of recoveryMutants) {
    it(`B27: mutant "${name}" is caught by the property above`, () => {
      // As many runs as one needs that is seen in few of them; the first that fails is the last, and is not made smaller.
      expect(() => checkRecovery(mutant, { numRuns: 5_000, endOnFailure: true })).toThrow(/Property failed/);
    });
  }

  it("B27: a checkpoint that is ahead of what could be read gives no number to client seqs, and none of them is free again", () => {
    fc.assert(
      fc.property(said, fc.nat(), fc.nat(), (words, checkpointAt, cutAt) => {
        const log = new ToldLog(words);
        const has = stored(log, checkpointAt, 0, cutAt);
        const number = checkpointAt % (log.head + 1);
        const room = recover(has, "fsync", 9);
        fc.pre(room.head < number);
        expect(room).toMatchObject({ epoch: 9, previousEpoch: 7, previousHead: room.head, epochStart: room.head + 1 });
        for (const before of log.tables[number] ?? []) {
          const now = room.byMember.get(before.member);
          expect(now?.lastClientSeq).toBe(before.lastClientSeq);
          expect(now?.lastNumber).toBe(before.lastNumber > room.head ? 0 : before.lastNumber);
          expect(now?.since).toBeLessThanOrEqual(room.head);
        }
      }),
    );
  });

  it("B27: whatever is damaged in a segment, all of it and behind it is dropped, and the epoch is a new one", () => {
    fc.assert(
      fc.property(
        said,
        fc.nat(),
        fc.constantFrom("truncated", "longer", "count", "first", "sessions", "kind"),
        fc.constantFrom<Durability>("memory", "written", "fsync"),
        (words, at, how, durability) => {
          const log = new ToldLog([{ type: "join", client: 0 }, ...words]);
          const index = at % log.segments.length;
          const segment = log.segments[index];
          if (segment === undefined) throw new Error("there is one");
          const { first, count, entries, sessions } = segment;
          const broken = {
            truncated: { ...segment, entries: entries.subarray(0, entries.length - 1) },
            longer: { ...segment, entries: Buffer.concat([entries, Uint8Array.of(0)]) },
            count: { ...segment, count: count + 1 },
            first: { ...segment, first: first + 1 },
            sessions: { ...segment, sessions: Buffer.concat([sessions, Uint8Array.of(0)]) },
            kind: { ...segment, entries: Uint8Array.from(entries, (byte, i) => (i === 0 ? 4 : byte)) },
          }[how];
          // Where the first is missing is another case: nothing shows that what is behind it is wrong.
          fc.pre(how !== "first" || index > 0);
          const segments = log.segments.with(index, broken);
          const clean = { ...meta, clean: true, durability };
          const room = recover({ meta: clean, segments, damaged: false, boot: "a boot" }, durability, 9);
          expect(room.segments).toEqual(log.segments.slice(0, index));
          expect(room).toMatchObject({
            damaged: true,
            goesOn: false,
            epoch: 9,
            head: first - 1,
            previousHead: first - 1,
          });
          checkTable(log, room);
        },
      ),
    );
  });

  it("B10: a client whose session was evicted and made anew has one session, with the new token", () => {
    const log = new ToldLog(
      ["join", "publish", "leave", "evict", "join", "publish"].map((type) => ({ type, client: 3 }) as Said),
    );
    const room = recover({ meta, segments: log.segments, damaged: false, boot: "a boot" }, "written", 9);
    expect([...room.sessions.values()]).toMatchObject([
      { clientId: idOf(3), member: 2, lastClientSeq: 1, lastNumber: 5, since: 4, joined: true },
    ]);
    expect([...room.byMember.keys()]).toEqual([2]);
  });
});

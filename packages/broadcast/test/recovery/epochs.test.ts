/** When the epoch of a durable log goes on, and what a new one says of the one before: every case of a table. */

import { describe, expect, it } from "vitest";
import { recover } from "../../src/core/recovery.js";
import type { Durability, Recovered, StoredMeta } from "../../src/core/server-contract.js";
import { encodeCheckpoint } from "../../src/core/stored-sessions.js";
import { ToldLog } from "./told-log.js";

const log = new ToldLog([
  { type: "join", client: 0 },
  { type: "publish", client: 0 },
  { type: "cut" },
  { type: "publish", client: 0 },
  { type: "publish", client: 0 },
]);
const meta: StoredMeta = {
  epoch: 7,
  previousEpoch: 5,
  previousHead: 1,
  epochStart: 2,
  durability: "written",
  boot: "a boot",
  clean: false,
  lastMember: 1,
};

function has(changed: Partial<StoredMeta>, more: Partial<Recovered> = {}): Recovered {
  return { meta: { ...meta, ...changed }, segments: log.segments, damaged: false, boot: "a boot", ...more };
}

const FRESH = 1_234;

/** What the log was written with, whether it was closed cleanly, whether it is the same boot; whether the epoch goes on. */
const cases: readonly (readonly [Durability, boolean, boolean, boolean])[] = [
  ["memory", false, true, false],
  ["memory", false, false, false],
  ["memory", true, true, true],
  ["memory", true, false, true],
  ["written", false, true, true],
  ["written", false, false, false],
  ["written", true, true, true],
  ["written", true, false, true],
  ["fsync", false, true, true],
  ["fsync", false, false, true],
  ["fsync", true, true, true],
  ["fsync", true, false, true],
];

describe("the epoch of a recovered room", () => {
  for (const [durability, clean, sameBoot, goesOn] of cases) {
    const what = `${durability}, ${clean ? "closed cleanly" : "not closed"}, ${sameBoot ? "the same" : "another"} boot`;
    it(`B25: ${what}: it ${goesOn ? "goes on" : "is a new one"}`, () => {
      for (const now of ["memory", "written", "fsync"] as const) {
        const boot = sameBoot ? "a boot" : "another boot";
        const room = recover(has({ durability, clean }, { boot }), now, FRESH);
        expect(room).toMatchObject(
          goesOn
            ? { goesOn: true, epoch: 7, previousEpoch: 5, previousHead: 1, epochStart: 2 }
            : { goesOn: false, epoch: FRESH, previousEpoch: 7, previousHead: 4, epochStart: 5 },
        );
        expect(room).toMatchObject({ head: 4, firstRetained: 1, lastMember: 1, damaged: false });
        const { epoch, previousEpoch, previousHead, epochStart } = room;
        expect(room.meta).toEqual({
          ...{ epoch, previousEpoch, previousHead, epochStart },
          ...{ durability: now, boot, clean: false, lastMember: 1 },
        });
      }
    });
  }

  it("B25: written on a machine that does not tell its boots apart: it is a new one", () => {
    expect(recover(has({ boot: "" }, { boot: "" }), "written", FRESH).goesOn).toBe(false);
  });

  it("B25: a room that is new begins at number 1 in an epoch of its own", () => {
    const room = recover({ segments: [], damaged: false, boot: "a boot" }, "fsync", FRESH);
    expect(room).toMatchObject({ epoch: FRESH, previousEpoch: 0, previousHead: 0, epochStart: 1, goesOn: false });
    expect(room).toMatchObject({ head: 0, firstRetained: 1, lastMember: 0, segments: [], damaged: false });
    expect(room.sessions.size).toBe(0);
  });

  it("B25: a fresh epoch that is by chance the one before is another all the same", () => {
    expect(recover(has({ durability: "memory" }), "memory", 7).epoch).toBe(6);
    expect(recover(has({ durability: "memory", epoch: 1 }), "memory", 1).epoch).toBe(2);
  });

  const damages: readonly (readonly [string, Recovered, number])[] = [
    ["something behind the last segment could not be read", has({}, { damaged: true }), 4],
    ["the checkpoint is damaged", has({}, { checkpoint: Uint8Array.of(1, 2, 3) }), 4],
    ["the log ends before its epoch began", has({ epochStart: 6 }), 4],
    ["a segment in the middle is missing", has({}, { segments: [1, 5].map((first) => ({ ...one(), first })) }), 2],
    [
      "the first segments are missing, and no checkpoint has what they said",
      has({}, { segments: [{ ...one(), first: 3 }] }),
      4,
    ],
    ["the log ends before the checkpoint", has({}, { checkpoint: table(5) }), 4],
    ["nothing says which epoch it was", { segments: log.segments, damaged: false, boot: "a boot" }, 4],
  ];
  for (const [what, recovered, head] of damages) {
    it(`B27: ${what}: it is a new one, even after a clean close`, () => {
      const { meta: stored, ...rest } = recovered;
      const closed = stored === undefined ? rest : { ...rest, meta: { ...stored, clean: true } };
      const room = recover(closed, "fsync", FRESH);
      expect(room).toMatchObject({ damaged: true, goesOn: false, epoch: FRESH, head, epochStart: head + 1 });
      expect(room.previousEpoch).toBe(stored === undefined ? 0 : 7);
      expect(room.previousHead).toBe(stored === undefined ? 0 : head);
    });
  }

  it("B17: a log whose entries were all trimmed keeps its head", () => {
    const room = recover(has({ epochStart: 1 }, { segments: [], checkpoint: table(40) }), "fsync", FRESH);
    expect(room).toMatchObject({ head: 40, firstRetained: 41, goesOn: true, lastMember: 3 });
  });
});

function one(): (typeof log.segments)[number] {
  const segment = log.segments[0];
  if (segment === undefined) throw new Error("the log has segments");
  return segment;
}

function table(number: number): Uint8Array {
  return encodeCheckpoint({ number, lastMember: 3, sessions: [] });
}

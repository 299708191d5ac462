/** Records that were torn, changed, lost or put in another's place behind the log's back: none of it is served. */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { recover } from "../../src/core/recovery.js";
import type { Recovered } from "../../src/core/server-contract.js";
import { encodeCheckpoint } from "../../src/core/stored-sessions.js";
import { LevelStore } from "../../src/node/level/level-store.js";
import { encodeSegment } from "../../src/node/level/records.js";
import {
  firsts,
  metaOf,
  segmentKey,
  segmentOf,
  segmentWrite,
  startedStore,
  temporaryFolder,
  withDatabase,
  writtenLog,
} from "./level-folder.js";
import { DroppedAtOnce, HolesSkipped, TornServed } from "./store-mutants.js";

type Damage = (record: Uint8Array) => Uint8Array | undefined;

const torn: Damage = (record) => record.subarray(0, record.length - 3);
const flipped: Damage = (record) => Uint8Array.from(record, (byte, i) => (i === record.length - 1 ? byte ^ 1 : byte));
const lost: Damage = () => undefined;

async function damage(folder: string, key: string, how: Damage): Promise<void> {
  await withDatabase(folder, async (level) => {
    const changed = how((await level.get(key)) as Uint8Array);
    if (changed === undefined) await level.del(key);
    else await level.put(key, changed);
  });
}

async function opened(folder: string, as = LevelStore): Promise<Recovered> {
  const store = await startedStore(folder, { as });
  try {
    return await store.open("main");
  } finally {
    await store.close();
  }
}

const COUNTS = [2, 3, 4, 1];
const FIRSTS = [1, 3, 6, 10];

/** Damages a segment, opens, goes on in the epoch that recovery says, and opens again. */
async function checkDamaged(index: number, how: Damage, as = LevelStore): Promise<void> {
  const folder = temporaryFolder();
  await writtenLog(folder, COUNTS);
  await damage(folder, segmentKey(FIRSTS[index] as number), how);
  const store = await startedStore(folder, { as });
  const recovered = await store.open("main");
  expect(firsts(recovered.segments)).toEqual(FIRSTS.slice(0, index));
  expect(recovered.damaged).toBe(true);
  const room = recover(recovered, "fsync", 9);
  expect(room).toMatchObject({ goesOn: false, epoch: 9, previousEpoch: 7, head: (FIRSTS[index] as number) - 1 });
  const next = room.head + 1;
  await store.write("main", [{ type: "meta", meta: room.meta }]);
  await store.write("main", [segmentWrite(next, 2)]);
  await store.close();
  const again = await opened(folder, as);
  expect(again).toMatchObject({ damaged: false, meta: { epoch: 9, epochStart: next } });
  expect(again.segments).toEqual([
    ...FIRSTS.slice(0, index).map((first, i) => segmentOf(first, COUNTS[i])),
    segmentOf(next, 2),
  ]);
  expect(recover(again, "fsync", 10)).toMatchObject({ goesOn: true, epoch: 9, head: next + 1 });
}

const cases: readonly (readonly [string, number, Damage])[] = [
  ["the last segment is torn", 3, torn],
  ["the last segment has another bit", 3, flipped],
  ["a segment in the middle is torn", 1, torn],
  ["a segment in the middle has another bit", 2, flipped],
  ["a segment in the middle is lost", 1, lost],
  ["the first segment is torn", 0, torn],
  ["the first segment is lost", 0, lost],
];

describe("a damaged durable log", () => {
  for (const [what, index, how] of cases) {
    it(`B27: ${what}: it is dropped with all behind it, a new epoch begins, and nothing of it comes back`, async () => {
      await checkDamaged(index, how);
    });
  }

  it('B27: mutant "a torn record is served" is caught by the test of the last segment', async () => {
    await expect(checkDamaged(3, torn, TornServed)).rejects.toThrow(/to deeply equal \[ 1, 3, 6 \]/);
    await expect(checkDamaged(3, flipped, TornServed)).rejects.toThrow(/to deeply equal \[ 1, 3, 6 \]/);
  });

  it('B27: mutant "damage opens no epoch" is caught by the tests of the segments in the middle', async () => {
    await expect(checkDamaged(1, lost, HolesSkipped)).rejects.toThrow(/expected false to be true/);
    await expect(checkDamaged(2, flipped, HolesSkipped)).rejects.toThrow(/expected false to be true/);
  });

  it("B27: wherever a segment is cut or changed, it is never served", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, COUNTS);
    const key = segmentKey(6);
    const record = await withDatabase(folder, (level) => level.get(key));
    if (record === undefined) throw new Error("it is there");
    await fc.assert(
      fc.asyncProperty(fc.nat(record.length - 1), fc.integer({ min: 0, max: 255 }), async (at, bits) => {
        const changed = bits === 0 ? record.subarray(0, at) : record.map((byte, i) => (i === at ? byte ^ bits : byte));
        await withDatabase(folder, (level) => level.put(key, changed));
        const recovered = await opened(folder);
        expect(firsts(recovered.segments)).toEqual([1, 3]);
        expect(recovered.damaged).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  /** A server that dies between the opening and the first write finds the same again. */
  async function checkOpenedTwice(as: typeof LevelStore): Promise<void> {
    const folder = temporaryFolder();
    await writtenLog(folder, COUNTS);
    await damage(folder, segmentKey(3), torn);
    const first = await opened(folder, as);
    expect(await opened(folder, as)).toEqual(first);
  }

  it("B27: what is dropped stays until the new epoch is stored in the same write: a crash between them loses neither", async () => {
    await checkOpenedTwice(LevelStore);
  });

  it('B27: mutant "dropped at once" is caught by the test above', async () => {
    await expect(checkOpenedTwice(DroppedAtOnce)).rejects.toThrow(/to deeply equal/);
  });

  it("B27: a segment that was left over from another epoch is not served, whole as it is", async () => {
    for (const [first, epoch] of [
      [6, 5],
      [1, 8],
    ] as const) {
      const folder = temporaryFolder();
      await writtenLog(folder, [5], metaOf({ epoch: 5 }));
      const store = await startedStore(folder);
      await store.open("main");
      await store.write("main", [
        { type: "meta", meta: metaOf({ epoch: 8, previousEpoch: 5, previousHead: 5, epochStart: 6 }) },
      ]);
      await store.write("main", [segmentWrite(6)]);
      await store.close();
      expect(await opened(folder)).toMatchObject({ damaged: false, segments: [{ first: 1 }, { first: 6 }] });
      const key = segmentKey(first);
      const count = first === 1 ? 5 : 1;
      await damage(folder, key, () => encodeSegment(key, { epoch, segment: segmentOf(first, count) }));
      expect(await opened(folder)).toMatchObject({ damaged: true, segments: first === 1 ? [] : [{ first: 1 }] });
    }
  });

  it("B27: a segment in another's place is not served", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, [2, 2, 2]);
    const other = await withDatabase(folder, (level) => level.get(segmentKey(3)));
    await damage(folder, segmentKey(5), () => other);
    expect(firsts((await opened(folder)).segments)).toEqual([1, 3]);
  });

  it("B27: a damaged meta or checkpoint opens a new epoch, and the segments stay", async () => {
    for (const what of ["meta", "checkpoint"]) {
      const folder = temporaryFolder();
      await writtenLog(folder, COUNTS, metaOf({ clean: true }));
      const store = await startedStore(folder);
      await store.open("main");
      const checkpoint = encodeCheckpoint({ number: 10, lastMember: 1, sessions: [] });
      await store.write("main", [{ type: "trim", upTo: 2, checkpoint }]);
      await store.close();
      await damage(folder, `room/main/${what}`, flipped);
      const recovered = await opened(folder);
      expect(recovered).toMatchObject({ damaged: true });
      expect(recovered[what as "meta"]).toBeUndefined();
      expect(firsts(recovered.segments)).toEqual([3, 6, 10]);
      const room = recover(recovered, "fsync", 9);
      expect(room).toMatchObject({ goesOn: false, epoch: 9, head: 10, firstRetained: 3 });
      const next = await startedStore(folder);
      await next.open("main");
      await next.write("main", [{ type: "meta", meta: room.meta }]);
      await next.close();
      const again = await opened(folder);
      expect(again).toMatchObject({ meta: room.meta });
      // What is missing before the first is from before the new epoch.
      expect(firsts(again.segments)).toEqual([3, 6, 10]);
      expect(recover(again, "fsync", 10).goesOn).toBe(true);
    }
  });

  it("B25: a log that was closed cleanly and has lost its end since is not clean", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, COUNTS);
    const store = await startedStore(folder);
    await store.open("main");
    await store.write("main", [{ type: "meta", meta: metaOf({ clean: true }) }]);
    await store.close();
    expect((await opened(folder)).meta?.clean).toBe(true);
    await damage(folder, segmentKey(10), lost);
    expect((await opened(folder)).meta?.clean).toBe(false);
  });

  it("B27: damage that is met while the log is read is not served either", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, COUNTS);
    await damage(folder, segmentKey(6), flipped);
    // Opened without a look at checksums: as if it was damaged after that.
    class DamagedLater extends TornServed {
      isOpen = false;
      protected override decodeSegment(key: string, record: Uint8Array): ReturnType<TornServed["decodeSegment"]> {
        return this.isOpen
          ? LevelStore.prototype["decodeSegment"].call(this, key, record)
          : super.decodeSegment(key, record);
      }
    }
    const store = await startedStore(folder, { as: DamagedLater });
    await store.open("main");
    (store as DamagedLater).isOpen = true;
    expect(firsts(await store.read("main", 3, 100_000))).toEqual([3]);
    await expect(store.read("main", 6, 100_000)).rejects.toMatchObject({ code: "DAMAGED" });
  });
});

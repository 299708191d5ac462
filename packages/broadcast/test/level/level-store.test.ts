/** What a durable log on LevelDB keeps, in which order, and for whom. */
import { ClassicLevel } from "classic-level";
import { describe, expect, it } from "vitest";
import type { StoredSegment } from "../../src/core/server-contract.js";
import { readBootId } from "../../src/node/level/boot-id.js";
import { classicLevel } from "../../src/node/level/database.js";
import { levelLog } from "../../src/node/level/index.js";
import type { Log, RoomStore } from "../../src/node/log.js";
import {
  firsts,
  metaOf,
  segmentOf,
  segmentWrite,
  startedStore,
  temporaryFolder,
  withDatabase,
  writtenLog,
} from "./level-folder.js";

const checkpoint = Uint8Array.of(1, 2, 3);

function storeOf(log: Log): RoomStore {
  if (log.kind !== "durable") throw new Error("a durable log");
  return log.store;
}

describe("a durable log on LevelDB", () => {
  for (const durability of ["memory", "written", "fsync"] as const) {
    it(`B27: ${durability}: what was written is there after it was opened anew`, async () => {
      const folder = temporaryFolder();
      const sessions = Uint8Array.of(9, 8, 7);
      const first = { ...segmentOf(1, 3), sessions };
      for (const turn of [1, 2]) {
        const store = await startedStore(folder, { durability });
        const recovered = await store.open("main");
        expect(recovered).toEqual({
          ...(turn === 1 ? {} : { meta: metaOf(), segments: [first, segmentOf(4, 2)] }),
          ...(turn === 1 ? { segments: [] } : {}),
          damaged: false,
          boot: await readBootId(),
        });
        if (turn === 1) {
          await store.write("main", [{ type: "meta", meta: metaOf() }]);
          await store.write("main", [{ type: "segment", segment: first }, segmentWrite(4, 2)]);
        }
        await store.close();
      }
    });
  }

  it("B27: a trim deletes the segments that end at or before it, and keeps the checkpoint with the others", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, [2, 3, 4, 1]);
    for (const [upTo, kept] of [
      [1, [1, 3, 6, 10]],
      [5, [6, 10]],
      [8, [6, 10]],
      [9, [10]],
    ] as const) {
      const store = await startedStore(folder);
      await store.open("main");
      await store.write("main", [{ type: "trim", upTo, checkpoint }]);
      expect(firsts(await store.read("main", kept[0], 10_000))).toEqual(kept);
      if (kept[0] > 1) expect(await store.read("main", kept[0] - 1, 10_000)).toEqual([]);
      await store.close();
      const again = await startedStore(folder);
      const recovered = await again.open("main");
      expect({ ...recovered, segments: firsts(recovered.segments) }).toMatchObject({
        segments: kept,
        checkpoint,
        damaged: false,
      });
      await again.close();
      const keys = await withDatabase(folder, (level) =>
        level.keys({ gte: "room/main/segment", lt: "room/main/segmenu" }).all(),
      );
      expect(keys).toHaveLength(kept.length);
    }
  });

  it("B27: everything can be trimmed, and the log goes on behind it", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, [2, 3]);
    const store = await startedStore(folder);
    await store.open("main");
    await store.write("main", [{ type: "trim", upTo: 5, checkpoint }]);
    await store.write("main", [segmentWrite(6)]);
    expect(firsts(await store.read("main", 6, 1))).toEqual([6]);
    await store.close();
    const again = await startedStore(folder);
    expect(await again.open("main")).toMatchObject({ segments: [segmentOf(6)], damaged: false });
  });

  it("B18: reading begins with the segment that has the number, and ends where it is enough, or at the end", async () => {
    const folder = temporaryFolder();
    await writtenLog(folder, [2, 3, 4, 1]);
    const store = await startedStore(folder);
    await store.open("main");
    const size = (segment: StoredSegment): number => segment.entries.length;
    expect(firsts(await store.read("main", 1, 1))).toEqual([1]);
    expect(firsts(await store.read("main", 5, 1))).toEqual([3]);
    expect(firsts(await store.read("main", 4, size(segmentOf(3, 3)) + 1))).toEqual([3, 6]);
    expect(firsts(await store.read("main", 6, 1_000_000))).toEqual([6, 10]);
    expect(await store.read("main", 10, 0)).toEqual([segmentOf(10)]);
    expect(await store.read("main", 11, 1_000)).toEqual([]);
  });

  it("B18: what was asked to be written before is read, waited for or not", async () => {
    for (const durability of ["memory", "written", "fsync"] as const) {
      const store = await startedStore(temporaryFolder(), { durability, flushAfterMs: 60_000 });
      await store.open("main");
      const written = [
        store.write("main", [{ type: "meta", meta: metaOf() }]),
        store.write("main", [segmentWrite(1, 2)]),
      ];
      expect(firsts(await store.read("main", 2, 1_000))).toEqual([1]);
      await Promise.all(written);
      await store.close();
    }
  });

  it("B12: the bytes of a write may be used again as soon as it was asked for", async () => {
    const store = await startedStore(temporaryFolder());
    await store.open("main");
    const segment = segmentOf(1);
    const entries = segment.entries.slice();
    const written = store.write("main", [
      { type: "meta", meta: metaOf() },
      { type: "segment", segment: { ...segment, entries } },
    ]);
    entries.fill(0xff);
    await written;
    expect(await store.read("main", 1, 1_000)).toEqual([segment]);
  });

  it("B12: a segment that leaves a hole, or begins before the end, is refused; and so is a room that was not opened", async () => {
    const store = await startedStore(temporaryFolder());
    await expect(store.write("main", [segmentWrite(1)])).rejects.toMatchObject({ code: "STORE" });
    await expect(store.read("main", 1, 1)).rejects.toMatchObject({ code: "STORE" });
    await store.open("main");
    await expect(store.write("main", [segmentWrite(1)])).rejects.toThrow("a segment from 1 on can not stand behind 0");
    await store.write("main", [{ type: "meta", meta: metaOf() }, segmentWrite(1, 2)]);
    await expect(store.write("main", [segmentWrite(4)])).rejects.toThrow("a segment from 4 on can not stand behind 2");
    await expect(store.write("main", [segmentWrite(2)])).rejects.toThrow("a segment from 2 on can not stand behind 2");
    expect(firsts((await store.open("main")).segments)).toEqual([1]);
  });

  it("B27: rooms are apart, whatever their names", async () => {
    const folder = temporaryFolder();
    const rooms = [
      "a",
      "a/",
      "a/meta",
      "a%2f",
      "a0",
      "A",
      "ä",
      "a".repeat(64),
      "room/a/segment/00000000000001",
      "~",
      "😀",
    ];
    const store = await startedStore(folder);
    for (const [i, room] of rooms.entries()) {
      await store.open(room);
      await store.write(room, [
        { type: "meta", meta: metaOf({ epoch: 100 + i }) },
        segmentWrite(1, 1 + i),
        segmentWrite(2 + i),
      ]);
      await store.write(room, [{ type: "trim", upTo: 1 + i, checkpoint: Uint8Array.of(i) }]);
    }
    await store.close();
    const again = await startedStore(folder);
    for (const [i, room] of rooms.entries()) {
      const recovered = await again.open(room);
      expect(recovered).toMatchObject({ meta: { epoch: 100 + i }, checkpoint: Uint8Array.of(i), damaged: false });
      expect(firsts(recovered.segments)).toEqual([2 + i]);
    }
  });
});

describe("who has a durable log", () => {
  it("B27: one server at a time: another is told that it is in use, and finds it when that has closed it", async () => {
    const folder = temporaryFolder();
    const one = await startedStore(folder);
    const other = storeOf(levelLog({ folder }));
    await expect(other.start()).rejects.toMatchObject({
      code: "LOCKED",
      message: `${folder} is in use: a log belongs to one server at a time`,
    });
    await one.close();
    await other.start();
    await other.close();
  });

  it("B27: with lockWaitMs another waits until the folder is given back, so long and no longer", async () => {
    const folder = temporaryFolder();
    const one = await startedStore(folder);
    const other = storeOf(levelLog({ folder, lockWaitMs: 60_000 }));
    const starting = other.start();
    await expect(storeOf(levelLog({ folder, lockWaitMs: 60 })).start()).rejects.toMatchObject({ code: "LOCKED" });
    await one.close();
    await starting;
    await other.close();
    expect(() => levelLog({ folder, lockWaitMs: -1 })).toThrow(/^lockWaitMs /);
  });

  it("B29: closing waits for what was asked, can be asked twice, and nothing is done afterwards", async () => {
    const folder = temporaryFolder();
    const store = await startedStore(folder, { durability: "memory", flushAfterMs: 60_000 });
    await store.open("main");
    const written = store.write("main", [{ type: "meta", meta: metaOf() }]);
    const behind = store.write("main", [segmentWrite(1)]);
    await Promise.all([store.close(), store.close(), written, behind]);
    await expect(store.write("main", [{ type: "meta", meta: metaOf() }])).rejects.toMatchObject({ code: "STORE" });
    await expect(store.open("main")).rejects.toMatchObject({ code: "STORE" });
    const again = await startedStore(folder);
    expect(firsts((await again.open("main")).segments)).toEqual([1]);
  });

  it("B27: a database of something else, or of another version, is left alone", async () => {
    const folder = temporaryFolder();
    const level = new ClassicLevel<string, string>(folder);
    await level.put("a", "b");
    await level.close();
    await expect(startedStore(folder)).rejects.toMatchObject({
      code: "NOT_A_LOG",
      message: expect.stringContaining("not of a log"),
    });
    const later = temporaryFolder();
    await writtenLog(later, [1]);
    await withDatabase(later, (database) => database.put("format", Buffer.from("lab-broadcast log 2")));
    await expect(startedStore(later)).rejects.toMatchObject({
      code: "NOT_A_LOG",
      message: expect.stringContaining("another version"),
    });
    expect(await withDatabase(folder, (database) => database.keys().all())).toEqual(["a"]);
  });

  it("B27: a folder that cannot be used says why", async () => {
    await expect(startedStore("/dev/null/log")).rejects.toMatchObject({
      code: "STORE",
      message: expect.stringContaining("/dev/null/log"),
    });
  });

  it("B27: without the package the error says what to install", async () => {
    const missing = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
    const make = (folder: string) => classicLevel(folder, () => Promise.reject(missing));
    await expect(startedStore("a folder", { make })).rejects.toMatchObject({
      code: "NOT_INSTALLED",
      message: "the durable log needs the package classic-level, which is not installed: npm install classic-level",
    });
    const broken = (folder: string) => classicLevel(folder, () => Promise.reject(new Error("no native build")));
    await expect(startedStore("a folder", { make: broken })).rejects.toThrow("which cannot be loaded: no native build");
  });

  it("B25: options are checked", () => {
    const folder = "a folder";
    expect(levelLog({ folder })).toMatchObject({ kind: "durable", durability: "written" });
    expect(levelLog({ folder, durability: "fsync" })).toMatchObject({ durability: "fsync" });
    expect(() => levelLog({ folder: "" })).toThrow(TypeError);
    expect(() => levelLog({ folder, durability: "paper" as "fsync" })).toThrow(
      /durability must be one of memory, written, fsync/,
    );
    expect(() => levelLog({ folder, flushAfterMs: -1 })).toThrow(/flushAfterMs/);
    expect(() => levelLog({ folder, maxBufferedBytes: 0.5 })).toThrow(/maxBufferedBytes/);
  });

  it("B25: a machine that does not tell its boots apart has the empty name", async () => {
    expect(await readBootId("/nowhere/boot_id")).toBe("");
  });
});

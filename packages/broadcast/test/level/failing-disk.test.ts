/** Writes that go together, and writes that fail: what is asked behind one that failed is not done. */
import { describe, expect, it } from "vitest";
import type { Level } from "../../src/node/level/database.js";
import { Disk } from "./disk.js";
import { firsts, metaOf, segmentWrite, startedStore, temporaryFolder } from "./level-folder.js";

const meta = { type: "meta", meta: metaOf() } as const;

describe("writes to a durable log", () => {
  it("B25: fsync: what is asked while the disk is busy is synced together, each call whole", async () => {
    const disk = new Disk();
    const store = await startedStore(temporaryFolder(), { durability: "fsync", make: disk.make });
    for (const room of ["a", "b"]) {
      await store.open(room);
      await store.write(room, [meta]);
    }
    disk.batches.length = 0;
    const go = disk.hold();
    const done: string[] = [];
    const write = (room: string, first: number): Promise<unknown> =>
      store.write(room, [segmentWrite(first)]).then(() => done.push(`${room}${first}`));
    const all = [write("a", 1), write("a", 2)];
    await Promise.resolve();
    all.push(write("b", 1), write("a", 3));
    await Promise.resolve();
    expect(done).toEqual([]);
    go();
    await Promise.all(all);
    expect(done).toEqual(["a1", "a2", "b1", "a3"]);
    expect(disk.batches.map(({ keys }) => keys.length)).toEqual([2, 2]);
    expect(disk.batches.every(({ sync }) => sync)).toBe(true);
  });

  it("B25: written: nothing is synced but what decides on the epoch", async () => {
    const disk = new Disk();
    const store = await startedStore(temporaryFolder(), { make: disk.make });
    await store.open("a");
    await store.write("a", [meta]);
    await store.write("a", [segmentWrite(1)]);
    await store.write("a", [segmentWrite(2), meta]);
    expect(disk.batches.map(({ sync }) => sync)).toEqual([true, false, true]);
  });

  it("B25: memory: nobody waits for the disk, but for what decides on the epoch and above the bound", async () => {
    const disk = new Disk();
    const folder = temporaryFolder();
    const options = { durability: "memory", flushAfterMs: 60_000, maxBufferedBytes: 400, make: disk.make } as const;
    const store = await startedStore(folder, options);
    await store.open("a");
    await store.write("a", [meta]);
    expect(disk.batches).toHaveLength(1);
    for (let first = 1; first <= 4; first++) await store.write("a", [segmentWrite(first)]);
    expect(disk.batches).toHaveLength(1);
    await store.write("a", [segmentWrite(5, 20)]);
    expect(disk.batches.map(({ keys }) => keys.length)).toEqual([1, 5]);
    await store.write("a", [segmentWrite(25)]);
    await store.write("a", [meta]);
    expect(disk.batches.map(({ keys }) => keys.length)).toEqual([1, 5, 2]);
  });

  it("B25: memory: what nobody waited for is written a little later", async () => {
    const disk = new Disk();
    const written = new Promise<void>((resolve) => {
      disk.fails = (keys) => {
        if (keys[0]?.includes("segment") === true) resolve();
        return false;
      };
    });
    const store = await startedStore(temporaryFolder(), { durability: "memory", flushAfterMs: 1, make: disk.make });
    await store.open("a");
    await store.write("a", [meta]);
    await store.write("a", [segmentWrite(1)]);
    await written;
  });

  for (const durability of ["memory", "written", "fsync"] as const) {
    it(`B28: ${durability}: behind a write that failed nothing of the room is written until it is opened anew`, async () => {
      const disk = new Disk();
      const store = await startedStore(temporaryFolder(), { durability, flushAfterMs: 60_000, make: disk.make });
      for (const room of ["a", "b"]) {
        await store.open(room);
        await store.write(room, [meta, segmentWrite(1)]);
      }
      disk.fails = (keys) => keys.some((key) => key.startsWith("room/a/"));
      const first = store.write("a", [segmentWrite(2), meta]);
      const behind = store.write("a", [segmentWrite(3), meta]);
      await expect(first).rejects.toThrow("no space left");
      await expect(behind).rejects.toThrow("no space left");
      disk.fails = undefined;
      await expect(store.write("a", [segmentWrite(4), meta])).rejects.toThrow("no space left");
      // The other room goes on, on a database that was opened anew.
      await store.write("b", [segmentWrite(2), meta]);
      expect(disk.opened).toBe(2);
      expect(firsts((await store.open("a")).segments)).toEqual([1]);
      await store.write("a", [segmentWrite(2), meta]);
      expect(firsts(await store.read("a", 1, 10_000))).toEqual([1, 2]);
      expect(firsts((await store.open("b")).segments)).toEqual([1, 2]);
    });
  }

  it("B28: memory: a write that failed when nobody waited is told by the next one", async () => {
    const disk = new Disk();
    const store = await startedStore(temporaryFolder(), {
      durability: "memory",
      flushAfterMs: 60_000,
      make: disk.make,
    });
    await store.open("a");
    await store.write("a", [meta]);
    disk.fails = () => true;
    await store.write("a", [segmentWrite(1)]);
    await store.read("a", 1, 1).catch(() => {}); // writes what is kept
    await expect(store.write("a", [segmentWrite(2)])).rejects.toThrow("no space left");
  });

  it("B28: a database that cannot be opened anew fails each time, until it can", async () => {
    const disk = new Disk();
    let isGone = false;
    const make = (folder: string): Promise<Level> => (isGone ? Promise.reject(new Error("gone")) : disk.make(folder));
    const store = await startedStore(temporaryFolder(), { make });
    await store.open("a");
    disk.fails = () => true;
    await expect(store.write("a", [meta])).rejects.toThrow("no space left");
    isGone = true;
    await expect(store.open("a")).rejects.toThrow("gone");
    await expect(store.open("a")).rejects.toThrow("gone");
    isGone = false;
    disk.fails = undefined;
    expect((await store.open("a")).segments).toEqual([]);
    await store.write("a", [meta]);
  });
});

import { describe, expect, it } from "vitest";
import { MemoryDisk } from "./memory-disk.js";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const open = { type: "open-part", key: "aa", name: "out", overwrite: false } as const;

describe("the disk of the tests", () => {
  it("writes a part that nobody sees before its commit", () => {
    const disk = new MemoryDisk();
    expect(disk.perform({ ...open, id: 1 })).toEqual({ type: "part-opened", id: 1, length: 0 });
    disk.perform({ type: "write-part", id: 2, part: 1, offset: 0, bytes: text("abc") });
    disk.perform({ type: "write-part", id: 3, part: 1, offset: 3, bytes: text("def") });
    expect([disk.names, disk.partKeys, disk.openFiles]).toEqual([[], ["aa"], 1]);
    disk.perform({ type: "commit-part", id: 4, part: 1, overwrite: false });
    expect([disk.read("out"), disk.partKeys, disk.openFiles]).toEqual([text("abcdef"), [], 0]);
  });

  it("answers facts", () => {
    const disk = new MemoryDisk({ files: { "dir/a": text("x"), out: text("y") }, outside: ["link"] });
    const fact = (id: number, name: string): unknown => disk.perform({ type: "open-source", id, name });
    expect(fact(1, "nope")).toMatchObject({ fact: "missing" });
    expect(fact(2, "dir")).toMatchObject({ fact: "not-regular" });
    expect(fact(3, "../x")).toMatchObject({ fact: "outside" });
    expect(fact(4, "link")).toMatchObject({ fact: "outside" });
    expect(fact(5, "dir/a")).toMatchObject({ type: "source-opened", size: 1 });
    expect(disk.perform({ ...open, id: 6 })).toMatchObject({ fact: "exists" });
    expect(disk.perform({ ...open, id: 7, name: "nodir/x" })).toMatchObject({ fact: "missing" });
  });

  it("sees a source change in place, but not one that takes its name", () => {
    const disk = new MemoryDisk({ files: { a: text("12345") } });
    disk.perform({ type: "open-source", id: 1, name: "a" });
    disk.place("a", text("other"));
    expect(disk.perform({ type: "check-source", id: 2, source: 1 })).toMatchObject({ type: "source-same" });
    disk.perform({ type: "open-source", id: 3, name: "a" });
    disk.change("a", text("1"));
    expect(disk.perform({ type: "check-source", id: 4, source: 3 })).toMatchObject({ fact: "changed" });
    expect(disk.perform({ type: "read-source", id: 5, source: 3, offset: 0, length: 5 })).toMatchObject({
      fact: "changed",
    });
    expect(disk.openFiles).toBe(2);
  });

  it("lets a part be claimed once", () => {
    const disk = new MemoryDisk();
    disk.perform({ ...open, id: 1 });
    disk.perform({ type: "write-part", id: 2, part: 1, offset: 0, bytes: text("abc") });
    disk.perform({ type: "close-part", part: 1 });
    expect(disk.perform({ ...open, id: 3, key: "bb", claim: "aa" })).toMatchObject({ length: 3 });
    expect(disk.perform({ ...open, id: 4, key: "cc", claim: "aa" })).toMatchObject({ length: 0 });
    expect(disk.partKeys).toEqual(["bb", "cc"]);
  });

  it("does submitted effects of one file in order, however late they are completed", () => {
    const disk = new MemoryDisk();
    disk.perform({ ...open, id: 1 });
    const first = disk.submit({ type: "write-part", id: 2, part: 1, offset: 0, bytes: text("abc") });
    const second = disk.submit({ type: "write-part", id: 3, part: 1, offset: 3, bytes: text("d") });
    expect(disk.complete(second)).toEqual({ type: "part-written", id: 3 });
    expect(disk.complete(first)).toEqual({ type: "part-written", id: 2 });
    expect(disk.readPart("aa")).toEqual(text("abcd"));
  });

  it("loses by seed what was not synced, and never what was committed", () => {
    const survivors = new Set<string>();
    const content = new Uint8Array(300).fill(7);
    for (let seed = 1; seed <= 40; seed++) {
      const disk = new MemoryDisk({ seed });
      disk.perform({ ...open, id: 1 });
      disk.perform({ type: "write-part", id: 2, part: 1, offset: 0, bytes: content });
      disk.perform({ type: "commit-part", id: 3, part: 1, overwrite: false });
      disk.perform({ ...open, id: 4, name: "two" });
      disk.perform({ type: "write-part", id: 5, part: 4, offset: 0, bytes: content });
      disk.submit({ type: "commit-part", id: 6, part: 4, overwrite: false });
      disk.crash();
      expect(disk.read("out")).toEqual(content);
      expect(disk.openFiles).toBe(0);
      if (disk.read("two") === undefined) survivors.add(String(disk.readPart("aa")));
      else expect(disk.read("two")).toEqual(content);
    }
    expect(survivors.size).toBeGreaterThan(5);
  });

  it("throws where a machine breaks the contract", () => {
    const disk = new MemoryDisk();
    disk.perform({ ...open, id: 1 });
    const beyond = { type: "write-part", id: 2, part: 1, offset: 1, bytes: text("x") } as const;
    expect(() => disk.perform(beyond)).toThrow("a write at 1");
    expect(() => disk.perform({ ...beyond, offset: 0 })).toThrow("used before");
    expect(() => disk.perform({ type: "close-source", source: 1 })).toThrow("not an open source");
  });

  it("is full at its capacity, and fails as it is told", () => {
    const disk = new MemoryDisk({
      capacityBytes: 4,
      before: (effect) => (effect.type === "commit-part" ? "denied" : undefined),
    });
    disk.perform({ ...open, id: 1 });
    const write = { type: "write-part", part: 1, offset: 0, bytes: text("abcd") } as const;
    expect(disk.perform({ ...write, id: 2 })).toMatchObject({ type: "part-written" });
    expect(disk.perform({ ...write, id: 3, offset: 4 })).toMatchObject({ fact: "full" });
    expect(disk.perform({ type: "commit-part", id: 4, part: 1, overwrite: false })).toMatchObject({ fact: "denied" });
    expect([disk.openFiles, disk.partKeys]).toEqual([0, ["aa"]]);
  });
});

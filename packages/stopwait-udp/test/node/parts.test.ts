/** Parts on a real disk: hidden, claimed once, given their name once, removed in time. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { PartFolder } from "../../src/node/part-folder.js";
import { OWNER } from "../../src/node/part-owner.js";
import { PartSweeper } from "../../src/node/part-sweeper.js";
import { FilesHarness } from "./files-harness.js";

const HIDDEN = ".stopwait-parts";
/** Of this machine, of a process that cannot be: the number is above what systems give. */
const GONE: string = OWNER.replace(/^\d+-\d+/, "4194305-1");
const ELSEWHERE: string = OWNER.replace(/.{8}$/, "00000000");

let root: string;

beforeEach(() => {
  root = scratchFolder();
});

function hidden(): string[] {
  return existsSync(join(root, HIDDEN)) ? readdirSync(join(root, HIDDEN)).sort() : [];
}

/** Leaves a part on the disk under a name. */
function leave(name: string, text: string): void {
  mkdirSync(join(root, HIDDEN), { recursive: true });
  writeFileSync(join(root, HIDDEN, name), text);
}

async function write(files: FilesHarness, part: number, offset: number, text: string): Promise<void> {
  const result = await files.done({ type: "write-part", part, offset, bytes: Buffer.from(text) });
  expect(result.type).toBe("part-written");
}

async function digestOf(files: FilesHarness, file: number, length: number): Promise<string> {
  const hashed = await files.done({ type: "hash-prefix", file, length });
  return hashed.type === "prefix-hashed" ? Buffer.from(hashed.sha256.digest()).toString("hex") : hashed.type;
}

describe("S82: a part is hidden, and is claimed once", () => {
  it("lies in a folder that only its owner may enter, under a name that tells who writes it", async () => {
    await using files = new FilesHarness(root);
    const part = await files.part("a.txt", "a1");
    await write(files, part, 0, "hello");
    expect(hidden()).toEqual([`a1.${OWNER}.part`]);
    expect(statSync(join(root, HIDDEN)).mode & 0o777).toBe(0o700);
    expect(existsSync(join(root, "a.txt"))).toBe(false);
    expect(await files.get(`${HIDDEN}/a1.${OWNER}.part`)).toBe("outside");
  });

  it("once closed it is claimed with what it holds, digested, shortened and written on", async () => {
    await using files = new FilesHarness(root);
    const first = await files.part("a.txt", "a1");
    await write(files, first, 0, "hello w");
    files.files.perform({ type: "close-part", part: first });
    const { id, result } = files.ask({ type: "open-part", name: "a.txt", key: "b2", claim: "a1", overwrite: false });
    expect(await result).toEqual({ type: "part-opened", id, length: 7 });
    expect(await digestOf(files, id, 5)).toBe("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    expect(await files.fact({ type: "truncate-part", part: id, length: 5 })).toBe("part-truncated");
    await write(files, id, 5, " world");
    expect(await files.fact({ type: "commit-part", part: id, overwrite: false })).toBe("part-committed");
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("hello world");
    expect(hidden()).toEqual([]);
  });

  it("of two claims one gets it, the other a new part", async () => {
    leave("a1.part", "hello");
    await using files = new FilesHarness(root);
    await using others = new FilesHarness(root);
    const claim = { type: "open-part", name: "a.txt", claim: "a1", overwrite: false } as const;
    const results = [await files.done({ ...claim, key: "b1" }), await others.done({ ...claim, key: "b2" })];
    expect(results.map((result) => (result.type === "part-opened" ? result.length : result.type))).toEqual([5, 0]);
  });

  it("a part that is open is not to be had, and neither is its key", async () => {
    await using files = new FilesHarness(root);
    await using others = new FilesHarness(root);
    const part = await files.part("a.txt", "a1");
    await write(files, part, 0, "hello");
    const { result } = others.ask({ type: "open-part", name: "a.txt", key: "b2", claim: "a1", overwrite: false });
    expect(await result).toMatchObject({ type: "part-opened", length: 0 });
    expect(await others.fact({ type: "open-part", name: "a.txt", key: "a1", overwrite: false })).toBe("exists");
  });

  it("a part with a second name is a finished file: it is never written to again", async () => {
    leave("a1.part", "finished");
    linkSync(join(root, HIDDEN, "a1.part"), join(root, "a.txt"));
    await using files = new FilesHarness(root);
    const part = await files.part("b.txt", "b2", { claim: "a1" });
    await write(files, part, 0, "XX");
    await digestOf(files, part, 2); // so that it is in the file
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("finished");
  });

  it("is gone when dropped, kept when closed, gone when closed empty; the last one takes the folder along", async () => {
    const files = new FilesHarness(root);
    const [dropped, kept, empty] = [
      await files.part("a", "a1"),
      await files.part("b", "b2"),
      await files.part("c", "c3"),
    ];
    await write(files, dropped, 0, "x");
    await write(files, kept, 0, "x");
    files.files.perform({ type: "drop-part", part: dropped });
    files.files.perform({ type: "close-part", part: empty });
    await files.files.close();
    expect([hidden(), files.files.openFiles]).toEqual([["b2.part"], 0]);
    files.files.parts.removeIfEmpty();
    expect(hidden()).toEqual(["b2.part"]);
    rmSync(join(root, HIDDEN, "b2.part"));
    files.files.parts.removeIfEmpty();
    expect(readdirSync(root)).toEqual([]);
  });

  it("a key that is no key is refused", async () => {
    await using files = new FilesHarness(root);
    expect(await files.fact({ type: "open-part", name: "a", key: "../a", overwrite: false })).toBe("failed");
    expect(await files.fact({ type: "open-part", name: "a", key: "a1", claim: "*", overwrite: false })).toBe("failed");
    expect(readdirSync(root)).toEqual([HIDDEN]);
  });
});

describe("S83: what a killed process left is claimed, what a living one writes is not", () => {
  it.each([
    ["a process that is gone", GONE, 5],
    ["this process", OWNER, 0],
    ["a process of another machine", ELSEWHERE, 0],
  ])("%s", async (_who, owner, length) => {
    leave(`a1.${owner}.part`, "hello");
    await using files = new FilesHarness(root);
    const { result } = files.ask({ type: "open-part", name: "a", key: "b2", claim: "a1", overwrite: false });
    expect(await result).toMatchObject({ type: "part-opened", length });
  });
});

describe("S84: parts that nobody came back for are removed", () => {
  it("by the time of their last write, unless somebody is at work on them", async () => {
    const names = ["a1.part", `a2.${GONE}.part`, `a3.${OWNER}.part`, `a4.${ELSEWHERE}.part`, "notes.txt", "a5.part"];
    for (const name of names) leave(name, "x");
    const old = new Date(Date.now() - 61_000);
    for (const name of names.slice(0, 5)) utimesSync(join(root, HIDDEN, name), old, old);
    let swept = 0;
    const sweeper = new PartSweeper(new PartFolder(root), 60_000, (removed) => {
      swept += removed;
    });
    await sweeper.sweep();
    sweeper.close();
    expect([hidden(), swept]).toEqual([[`a3.${OWNER}.part`, "a5.part", "notes.txt"].sort(), 3]);
  });

  it("where there is no folder, nothing happens and none is made", async () => {
    const sweeper = new PartSweeper(new PartFolder(root), 1000);
    await sweeper.sweep();
    sweeper.close();
    expect(readdirSync(root)).toEqual([]);
  });
});

describe("S85: a file gets its name at once, whole, and takes nobody else's", () => {
  it("keeps the time that was named, and the usual rights", async () => {
    await using files = new FilesHarness(root);
    const part = await files.part("a.txt", "a1");
    await write(files, part, 0, "hello");
    const modifiedMs = Date.UTC(2001, 1, 3, 4, 5, 6, 789);
    expect(await files.fact({ type: "commit-part", part, overwrite: false, modifiedMs })).toBe("part-committed");
    const stats = statSync(join(root, "a.txt"));
    expect([Math.round(stats.mtimeMs), stats.mode & 0o777, stats.nlink]).toEqual([
      modifiedMs,
      0o666 & ~process.umask(),
      1,
    ]);
  });

  it("a name that was taken meanwhile stays as it is, and the part is kept", async () => {
    await using files = new FilesHarness(root);
    const part = await files.part("a.txt", "a1");
    await write(files, part, 0, "mine");
    writeFileSync(join(root, "a.txt"), "theirs");
    expect(await files.fact({ type: "commit-part", part, overwrite: false })).toBe("exists");
    await files.files.close();
    expect([readFileSync(join(root, "a.txt"), "utf8"), hidden()]).toEqual(["theirs", ["a1.part"]]);
  });

  it("of ten commits to one name exactly one succeeds", async () => {
    await using files = new FilesHarness(root);
    const keys = Array.from({ length: 10 }, (_, index) => `a${index}`);
    const parts = await Promise.all(keys.map((key) => files.part("a.txt", key)));
    await Promise.all(parts.map((part, index) => write(files, part, 0, `from ${index}`)));
    const facts = await Promise.all(parts.map((part) => files.fact({ type: "commit-part", part, overwrite: false })));
    const winner = facts.indexOf("part-committed");
    expect(facts.filter((fact) => fact === "exists").length).toBe(9);
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe(`from ${winner}`);
  });

  it("with overwrite the old file is replaced, never written into", async () => {
    writeFileSync(join(root, "a.txt"), "old and longer");
    linkSync(join(root, "a.txt"), join(root, "witness"));
    await using files = new FilesHarness(root);
    expect(await files.put("a.txt", "a1", "new", true)).toBe("part-committed");
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("new");
    expect(readFileSync(join(root, "witness"), "utf8")).toBe("old and longer");
  });

  it("a folder that is gone by then is a fact, and the part is kept", async () => {
    mkdirSync(join(root, "sub"));
    await using files = new FilesHarness(root);
    const part = await files.part("sub/a.txt", "a1");
    await write(files, part, 0, "hello");
    renameSync(join(root, "sub"), join(root, "moved"));
    expect(await files.fact({ type: "commit-part", part, overwrite: false })).toBe("missing");
    await files.files.close();
    expect(hidden()).toEqual(["a1.part"]);
  });
});

describe("S81: what is asked of a file is done in order", () => {
  it("a write, a digest, a cut and a commit that were all asked for at once", async () => {
    await using files = new FilesHarness(root);
    const part = await files.part("a.txt", "a1");
    const answers: string[] = [];
    const note = (what: string, result: Promise<unknown>): Promise<unknown> => result.then(() => answers.push(what));
    const all = [
      note("write", files.ask({ type: "write-part", part, offset: 0, bytes: Buffer.from("hello wor") }).result),
      note("digest", files.ask({ type: "hash-prefix", file: part, length: 9 }).result),
      note("cut", files.ask({ type: "truncate-part", part, length: 5 }).result),
      note("write", files.ask({ type: "write-part", part, offset: 5, bytes: Buffer.from("!") }).result),
      note("commit", files.ask({ type: "commit-part", part, overwrite: false }).result),
    ];
    await Promise.all(all);
    expect(answers).toEqual(["write", "digest", "cut", "write", "commit"]);
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("hello!");
  });

  it("blocks that follow each other, that overlap, and one too large to be gathered", async () => {
    await using files = new FilesHarness(root);
    const part = await files.part("a.txt", "a1");
    const large = "x".repeat(100_000);
    await write(files, part, 0, "hello ");
    await write(files, part, 6, "world");
    await write(files, part, 2, "LL");
    await write(files, part, 11, large);
    await write(files, part, 100_011, "end");
    await write(files, part, 0, "H");
    expect(await files.fact({ type: "commit-part", part, overwrite: false })).toBe("part-committed");
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe(`HeLLo world${large}end`);
  });

  it("a source that changes its size or its time is another one; one that gets another name is not", async () => {
    const path = join(root, "a.txt");
    writeFileSync(path, "hello");
    await using files = new FilesHarness(root);
    const open = async (): Promise<{ readonly source: number; readonly etag: string }> => {
      const { id, result } = files.ask({ type: "open-source", name: "a.txt" });
      const opened = await result;
      return { source: id, etag: opened.type === "source-opened" ? opened.etag : opened.type };
    };
    const first = await open();
    const again = await open();
    expect(again.etag).toBe(first.etag);
    linkSync(path, join(root, "b.txt"));
    expect(await files.fact({ type: "check-source", source: first.source })).toBe("source-same");
    utimesSync(path, 1, 1);
    expect(await files.fact({ type: "check-source", source: first.source })).toBe("changed");
    expect((await open()).etag).not.toBe(first.etag);
    const third = await open();
    writeFileSync(path, "hell");
    expect(await files.fact({ type: "read-source", source: third.source, offset: 0, length: 5 })).toBe("changed");
    expect(await files.fact({ type: "hash-prefix", file: third.source, length: 5 })).toBe("changed");
    expect(await files.fact({ type: "read-source", source: third.source, offset: 0, length: 4 })).toBe("source-read");
  });

  it("what is closed answers nothing more, and is closed after what was asked for before", async () => {
    writeFileSync(join(root, "a.txt"), "x".repeat(5_000_000));
    const files = new FilesHarness(root);
    const { id, result } = files.ask({ type: "open-source", name: "a.txt" });
    await result;
    const hashing = files.ask({ type: "hash-prefix", file: id, length: 5_000_000 });
    files.files.perform({ type: "close-source", source: id });
    expect(await files.fact({ type: "read-source", source: id, offset: 0, length: 1 })).toBe("failed");
    expect(await hashing.result).toMatchObject({ type: "effect-failed", fact: "failed" });
    await files.files.close();
    expect(files.files.openFiles).toBe(0);
  });
});

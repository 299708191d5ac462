/** What names can do to a real file system: nothing below the root leads out of it. */
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { FilesHarness } from "./files-harness.js";

const KEY = "0123456789abcdef";

let base: string;
let root: string;

beforeEach(() => {
  base = scratchFolder({
    "root/a.txt": "inside",
    "root/sub/b.txt": "below",
    "secret.txt": "secret",
    "root2/c.txt": "next",
  });
  root = join(base, "root");
});

describe("S80: a name leads to a regular file below the root, or to a fact", () => {
  it.each([
    ["a.txt", "inside"],
    ["sub/b.txt", "below"],
    ["./a.txt", "inside"],
    ["nofile", "missing"],
    ["a.txt/b", "missing"],
    ["a.txt/", "missing"],
    ["sub", "not-regular"],
    ["sub/", "not-regular"],
    [".", "not-regular"],
    ["", "outside"],
    ["../secret.txt", "outside"],
    ["sub/../../secret.txt", "outside"],
    ["sub/../a.txt", "outside"],
    ["../root2/c.txt", "outside"],
    ["/etc/passwd", "outside"],
    ["a.txt\0.png", "outside"],
    ["\\..\\secret.txt", "outside"],
    [".stopwait-parts/x.part", "outside"],
    ["sub/.Stopwait-Parts/x.part", "outside"],
    ["x".repeat(300), "outside"],
    ["x/".repeat(512), "missing"],
    ["x".repeat(2000), "outside"],
  ])("%j: %s", async (name, wanted) => {
    await using files = new FilesHarness(root);
    expect(await files.get(name)).toBe(wanted);
  });

  it("a link is followed inside, never out; a chain, a loop, a link to a folder of the same prefix", async () => {
    symlinkSync("sub/b.txt", join(root, "inner"));
    symlinkSync("../secret.txt", join(root, "leaving"));
    symlinkSync("leaving", join(root, "chain"));
    symlinkSync("loop", join(root, "loop"));
    symlinkSync(join(base, "root2"), join(root, "neighbour"));
    symlinkSync("/dev/null", join(root, "null"));
    symlinkSync(".stopwait-parts", join(root, "parts"));
    mkdirSync(join(root, ".stopwait-parts"));
    writeFileSync(join(root, ".stopwait-parts", "x.part"), "half");
    await using files = new FilesHarness(root);
    const names = ["inner", "leaving", "chain", "loop", "neighbour/c.txt", "null", "parts/x.part"];
    const found = await Promise.all(names.map((name) => files.get(name)));
    expect(found).toEqual(["below", "outside", "outside", "outside", "outside", "outside", "outside"]);
  });

  it("the root itself may be a link, and may come and go", async () => {
    symlinkSync("root", join(base, "link"));
    await using files = new FilesHarness(join(base, "link"));
    expect(await files.get("a.txt")).toBe("inside");
    renameSync(root, join(base, "away"));
    expect(await files.get("a.txt")).toBe("missing");
    renameSync(join(base, "away"), root);
    expect(await files.get("a.txt")).toBe("inside");
  });

  it("pipes, sockets and devices are not opened, and nothing waits for them", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    const socket = createServer().listen(join(root, "socket"));
    await new Promise((resolve) => socket.once("listening", resolve));
    await using files = new FilesHarness(root);
    await using everything = new FilesHarness("/dev");
    const found = [await files.get("pipe"), await files.get("socket"), await everything.get("zero")];
    expect(found).toEqual(["not-regular", "not-regular", "not-regular"]);
    await new Promise((resolve) => socket.close(resolve));
  });
});

describe("S80: nothing is written outside, or over what is no regular file", () => {
  it.each([
    ["new.txt", "part-committed"],
    ["sub/new.txt", "part-committed"],
    ["a.txt", "exists"],
    ["no/such.txt", "missing"],
    ["a.txt/x", "missing"],
    ["sub", "not-regular"],
    ["sub/", "not-regular"],
    ["x/.", "not-regular"],
    ["../new.txt", "outside"],
    ["/tmp/new.txt", "outside"],
    ["sub/.stopwait-parts", "outside"],
    ["y".repeat(300), "outside"],
  ])("%j: %s", async (name, wanted) => {
    await using files = new FilesHarness(root);
    expect(await files.put(name, KEY, "text")).toBe(wanted);
    expect(readFileSync(join(root, "a.txt"), "utf8")).toBe("inside");
    expect(readdirSync(base).sort()).toEqual(["root", "root2", "secret.txt"]);
  });

  it("a link to a folder outside is no way out, and a link under the final name is replaced, not followed", async () => {
    symlinkSync("../root2", join(root, "out"));
    symlinkSync("../secret.txt", join(root, "leaving"));
    symlinkSync("../new.txt", join(root, "dangling"));
    await using files = new FilesHarness(root);
    expect(await files.put("out/c.txt", "a1", "text", true)).toBe("outside");
    expect(await files.put("leaving", "a2", "text")).toBe("exists");
    expect(await files.put("dangling", "a3", "text")).toBe("exists");
    expect(await files.put("leaving", "a4", "text", true)).toBe("part-committed");
    expect(await files.put("dangling", "a5", "text", true)).toBe("part-committed");
    expect(readFileSync(join(base, "secret.txt"), "utf8")).toBe("secret");
    expect(existsSync(join(base, "new.txt"))).toBe(false);
    expect(readFileSync(join(root, "leaving"), "utf8")).toBe("text");
  });

  it("a folder that becomes a link between opening and committing gets no file", async () => {
    await using files = new FilesHarness(root);
    const part = await files.part("sub/new.txt", KEY);
    rmSync(join(root, "sub"), { recursive: true });
    symlinkSync("../root2", join(root, "sub"));
    expect(await files.fact({ type: "commit-part", part, overwrite: false })).toBe("outside");
    expect(readdirSync(join(base, "root2"))).toEqual(["c.txt"]);
  });

  it("the folder of parts is not followed where it is a link", async () => {
    symlinkSync("../root2", join(root, ".stopwait-parts"));
    await using files = new FilesHarness(root);
    expect(await files.put("new.txt", KEY, "text")).toBe("denied");
    expect(readdirSync(join(base, "root2"))).toEqual(["c.txt"]);
  });

  it("the message of a fact tells no path of this machine", async () => {
    await using files = new FilesHarness(join(base, "nowhere"));
    const opened = await files.done({ type: "open-source", name: "a.txt" });
    expect(opened).toMatchObject({ type: "effect-failed", fact: "missing" });
    expect(JSON.stringify(opened)).not.toContain("nowhere");
  });
});

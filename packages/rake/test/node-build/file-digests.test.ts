import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { run } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { FileDigests, inputTrouble, markOf } from "../../src/node/file-digests.js";

const digestOf = (text: string): string => createHash("sha256").update(text).digest("hex");
const OTHER = "0".repeat(64);

/** A folder with one file, and what was remembered of it. */
function remembered(change: (mark: string) => string): { readonly root: string; readonly state: string } {
  const root = scratchFolder({ file: "content" });
  const state = scratchFolder();
  const mark = markOf(statSync(join(root, "file"), { bigint: true }));
  writeFileSync(join(state, "digests.json"), JSON.stringify([["file", change(mark), OTHER]]));
  return { root, state };
}

const fresh = ({ root, state }: ReturnType<typeof remembered>): FileDigests =>
  new FileDigests(root, state, (message) => expect.unreachable(message));

it("R34: what is remembered of a file that has not changed is believed, without reading it", async () => {
  const digests = fresh(remembered((mark) => mark));
  expect(await digests.hash("file")).toMatchObject({ digest: OTHER, size: 7 });
  expect(digests.hashed).toBe(0);
});

it("R34: another size, modification time, inode or time of change: it is read", async () => {
  for (const index of [0, 1, 2, 3]) {
    const changed = (mark: string): string => {
      const parts = mark.split(":");
      parts[index] = String(BigInt(parts[index] ?? "") + 1n);
      return parts.join(":");
    };
    const digests = fresh(remembered(changed));
    expect(await digests.hash("file")).toMatchObject({ digest: digestOf("content") });
    expect(digests.hashed).toBe(1);
  }
});

it("R34: a file that was changed just now is not remembered: it could change again without showing it", async () => {
  const [root, state] = [scratchFolder({ file: "content" }), scratchFolder()];
  const first = fresh({ root, state });
  await first.hash("file");
  first.save();
  const second = fresh({ root, state });
  await second.hash("file");
  expect([first.hashed, second.hashed]).toEqual([1, 1]);
});

it("R34: one that has been as it is for long is remembered from one build to the next", async () => {
  // Of the programs that every machine has, none was installed within the last two seconds.
  const state = scratchFolder();
  const first = fresh({ root: "/bin", state });
  const hashed = await first.hash("sh");
  expect(hashed.digest).toBe(createHash("sha256").update(readFileSync("/bin/sh")).digest("hex"));
  first.save();
  const second = fresh({ root: "/bin", state });
  expect(await second.hash("sh")).toEqual(hashed);
  expect([first.hashed, second.hashed]).toEqual([1, 0]);
});

it("R34: what is no file that can be read is told in words", async () => {
  const root = scratchFolder({ file: "" });
  mkdirSync(join(root, "folder"));
  await run("mkfifo", [join(root, "pipe")]);
  const digests = new FileDigests(root, scratchFolder(), () => {});
  const fault = (path: string): Promise<string> => digests.hash(path).then(() => "none", inputTrouble);
  expect(await fault("folder")).toBe("it is a folder");
  expect(await fault("pipe")).toBe("it is no regular file");
  expect(await fault("absent")).toBe("it is not there");
  expect(await fault("file/below")).toBe("it is not there");
});

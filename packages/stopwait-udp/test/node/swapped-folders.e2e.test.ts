/** Another process swaps a folder for a link to the outside, again and again, while names are looked up. */
import { mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { scratchFolder } from "../../../../test/scratch.js";
import { FilesHarness } from "./files-harness.js";

const SWAP = `
const { renameSync } = require("node:fs");
console.log("ready");
for (;;) {
  renameSync("sub", "good");
  renameSync("evil", "sub");
  renameSync("sub", "evil");
  renameSync("good", "sub");
}`;

/** root/sub is now a folder, now missing, now a link to a folder outside that holds the same name. */
async function swapping(): Promise<{ readonly base: string; readonly root: string; readonly swapper: RunningProcess }> {
  const base = scratchFolder({
    "root/sub/b.txt": "below",
    "root/sub/deep/b.txt": "below",
    "elsewhere/b.txt": "secret",
    "elsewhere/deep/b.txt": "secret",
  });
  const root = join(base, "root");
  symlinkSync("../elsewhere", join(root, "evil"));
  const swapper = start(process.execPath, ["-e", SWAP], { cwd: root });
  await swapper.line(/^ready$/);
  return { base, root, swapper };
}

it("S80: what is read is never from outside", async () => {
  const { root, swapper } = await swapping();
  await using _ = swapper;
  await using files = new FilesHarness(root);
  const seen = new Set<string>();
  // Until it was looked at in several states of the swapping, and then some.
  for (let attempt = 0; attempt < 2000 || (seen.size < 2 && attempt < 50_000); attempt++) {
    seen.add(await files.get("sub/b.txt"));
  }
  expect(seen.size).toBeGreaterThan(1);
  expect(seen).not.toContain("secret");
});

it("S80: what is written never goes outside", async () => {
  const { base, root, swapper } = await swapping();
  await using _ = swapper;
  mkdirSync(join(root, ".stopwait-parts"));
  await using files = new FilesHarness(root);
  const seen = new Set<string>();
  for (let attempt = 1; attempt <= 1000 || (seen.size < 2 && attempt < 10_000); attempt++) {
    seen.add(await files.put(`sub/deep/new-${attempt}`, attempt.toString(16), "x"));
  }
  expect(seen.size).toBeGreaterThan(1);
  expect(readdirSync(join(base, "elsewhere", "deep"))).toEqual(["b.txt"]);
});

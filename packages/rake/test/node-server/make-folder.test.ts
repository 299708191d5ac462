/** Folders that cannot be made are told of, and not tried for ever. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { serve } from "../../src/index.js";
import { makeFolder } from "../../src/node/make-folder.js";

it("makes those above it too, and takes one that is there", () => {
  const path = join(scratchFolder({ file: "" }), "a/b/c");
  makeFolder(path, 0o700);
  makeFolder(path, 0o700);
  expect(statSync(path).mode & 0o777).toBe(0o700);
  expect(() => makeFolder(join(path, "../../../file"), 0o700)).toThrow("EEXIST");
  expect(() => makeFolder(join(path, "../../../file/below"), 0o700)).toThrow("ENOTDIR");
});

it.runIf(process.platform === "linux")("R45: a server's folder in /proc is an error, not a loop", async () => {
  const served = serve({ folder: "/proc/rake-test/x", speed: 1_000, toolchain: "test" });
  await expect(served).rejects.toMatchObject({
    code: "FOLDER",
    message: "/proc/rake-test/x cannot be used: no folder can be made in /proc",
  });
});

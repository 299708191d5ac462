import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { makeFolder } from "../../src/node/make-folder.js";

it("makes all that is missing, for its owner alone, and says what was the first", () => {
  const base = scratchFolder();
  const folder = join(base, "b", "c");
  expect(makeFolder(folder)).toBe(join(base, "b"));
  if (process.platform !== "win32") expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(makeFolder(folder)).toBeUndefined();
});

it("says at once which folder cannot be made", () => {
  const file = join(scratchFolder(), "file");
  writeFileSync(file, "");
  for (const folder of process.platform === "linux" ? [join(file, "x"), "/proc/nope"] : [join(file, "x")]) {
    expect(() => makeFolder(folder)).toThrow(
      expect.objectContaining({ code: "FOLDER", message: expect.stringMatching(/^the folder .* cannot be made \(E/) }),
    );
  }
});

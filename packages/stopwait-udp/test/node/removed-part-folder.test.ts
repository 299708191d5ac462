/** The folder of parts vanishes at the worst moments: another process was done with it, and found it empty. */
import { closeSync, constants, mkdirSync, openSync, readdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, it, vi } from "vitest";
import { scratchFolder } from "../../../../test/scratch.js";
import { PARTS_FOLDER } from "../../src/core/names.js";
import { PartFolder } from "../../src/node/part-folder.js";

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>();
  return { ...fs, mkdirSync: vi.fn(fs.mkdirSync), openSync: vi.fn(fs.openSync) };
});

const real = await vi.importActual<typeof import("node:fs")>("node:fs");

beforeEach(() => {
  vi.mocked(mkdirSync).mockImplementation(real.mkdirSync);
  vi.mocked(openSync).mockImplementation(real.openSync);
});

it("S82: a part is made although its folder is removed just after it was made", () => {
  const root = scratchFolder();
  let left = 3;
  vi.mocked(mkdirSync).mockImplementation((path) => {
    real.mkdirSync(path);
    if (left-- > 0) rmdirSync(path);
    return undefined;
  });
  closeSync(new PartFolder(root).create("a1").descriptor);
  expect(left).toBeLessThan(0);
  expect(readdirSync(join(root, PARTS_FOLDER))).toHaveLength(1);
});

it("S82: a part is made although its folder is removed while it is held open", () => {
  const root = scratchFolder();
  let left = 3;
  vi.mocked(openSync).mockImplementation((path, flags, mode) => {
    if ((Number(flags) & constants.O_CREAT) !== 0 && left-- > 0) rmdirSync(join(root, PARTS_FOLDER));
    return real.openSync(path, flags, mode);
  });
  closeSync(new PartFolder(root).create("a1").descriptor);
  expect(left).toBeLessThan(0);
  expect(readdirSync(join(root, PARTS_FOLDER))).toHaveLength(1);
});

it("S82: where the root itself is not there, that is what is said", () => {
  expect(() => new PartFolder(join(scratchFolder(), "none")).create("a1")).toThrow("ENOENT");
});

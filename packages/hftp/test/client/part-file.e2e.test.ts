import { mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { start } from "../../../../test/process.js";
import { PartFile } from "../../src/node/part-file.js";
import { temporaryDirectory } from "../temporary.js";

it("H32: a link or a pipe under the name of a new state file is removed, not written through", async () => {
  const cwd = temporaryDirectory();
  const victim = join(cwd, "victim");
  writeFileSync(victim, "precious");
  const file = new PartFile(join(cwd, "f"));
  await file.createPart();
  for (const trap of ["link", "pipe"]) {
    const fresh = join(cwd, "f.part.json.new");
    if (trap === "link") symlinkSync(victim, fresh);
    else await start("mkfifo", [fresh]).exited;
    await file.saveState(trap);
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(readFileSync(join(cwd, "f.part.json"), "utf8")).toBe(trap);
    expect(readdirSync(cwd).sort()).toEqual(["f.part", "f.part.json", "victim"]);
  }
  await file.closePart(false);
  expect(readdirSync(cwd)).toEqual(["victim"]);
});

it("H32: a state file that could not be written leaves no half of one; what a killed process left goes with the rest", async () => {
  const cwd = temporaryDirectory();
  const file = new PartFile(join(cwd, "f"));
  await file.createPart();
  mkdirSync(join(cwd, "f.part.json")); // cannot be replaced by a file
  await expect(file.saveState("x")).rejects.toThrow();
  expect(readdirSync(cwd).sort()).toEqual(["f.part", "f.part.json"]);
  rmdirSync(join(cwd, "f.part.json"));
  writeFileSync(join(cwd, "f.part.json.new"), "");
  expect(await file.publish(false)).toBe("done");
  expect(readdirSync(cwd)).toEqual(["f"]);
});

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { put } from "@lab/stopwait-udp";
import { expect, it } from "vitest";
import { startBundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";

const MAIN = new URL("../src/main.ts", import.meta.url);

it("takes files of either version, and ends with its list", async () => {
  const folder = scratchFolder({ "a.txt": "one two three" });
  const box = join(folder, "box");
  await using server = startBundled(MAIN, [box, "0"]);
  const options = { port: await server.port(), from: join(folder, "a.txt") };
  await put({ ...options, stateFolder: join(folder, "state") });
  await put({ ...options, version: 1, name: "b.txt" });
  await expect(put({ ...options, stateFolder: join(folder, "state") })).rejects.toMatchObject({ code: "exists" });
  await server.line(/v2 put a\.txt {2}13 bytes {2}done/);
  await server.line(/refused|failed/);
  server.signal("SIGINT");
  const { code, stdout } = await server.exited;
  expect([code, ...stdout.trim().split("\n").slice(-3)]).toEqual([
    0,
    "a.txt                              13 bytes from 127.0.0.1, version 2",
    "b.txt                              13 bytes from 127.0.0.1, version 1",
    "and 1 that came to nothing",
  ]);
  expect([readdirSync(box).sort(), readFileSync(join(box, "a.txt"), "utf8")]).toEqual([
    ["a.txt", "b.txt"],
    "one two three",
  ]);
});

it("says how it is used", async () => {
  const folder = scratchFolder();
  const { code, stderr } = await startBundled(MAIN, [], { cwd: folder }).exited;
  expect([code, stderr]).toEqual([2, expect.stringMatching(/^usage: pnpm start DIRECTORY \[PORT\]/)]);
});

/** A campus of real processes: its leader is killed in the middle of a build. */
import { chmodSync, readdirSync } from "node:fs";
import { expect, it } from "vitest";
import { startTypeScript } from "../../../test/process.js";
import { startBundled } from "../../../test/programs.js";
import { scratchFolder } from "../../../test/scratch.js";
import { play } from "../trial/play.js";

const MAIN = new URL("../src/main.ts", import.meta.url);
const TRIAL = new URL("../trial/main.ts", import.meta.url);

it("the leader is killed in the middle of a build: its result is right, the room's transcripts agree, copies are whole", async () => {
  const said: string[] = [];
  const { signal } = new AbortController();
  const facts = await play({ nodes: 4, kills: 1, signal, say: (line) => said.push(line) });
  const [round] = facts.rounds;
  expect(round, said.join("\n")).toMatchObject({ isRight: true, doAgree: true, sha256: facts.built });
  expect(round?.killed).not.toBe(round?.next);
  expect(round?.killed).not.toBe(round?.builder);
  expect(round?.epoch).toBeGreaterThan(1);
  expect(facts).toMatchObject({ isProven: true, fetched: facts.built, pushed: facts.built });
}, 90_000);

it("who interrupts it leaves nothing behind", async () => {
  const folder = scratchFolder();
  chmodSync(folder, 0o711); // actions of nodes that are root have another user
  await using trial = startTypeScript(TRIAL, ["--nodes", "3"], { env: { TMPDIR: folder } });
  const [, port] = await trial.line(/^ {2}c serves builds on port (\d+),/);
  trial.signal("SIGINT");
  expect(await trial.exited).toMatchObject({ code: 1, stderr: "interrupted\n" });
  await expect(fetch(`http://127.0.0.1:${port}`)).rejects.toThrow();
  expect(readdirSync(folder).filter((name) => name.startsWith("lab-campus-"))).toEqual([]);
}, 60_000);

it("says how it is used", async () => {
  const node = await startBundled(MAIN, ["--id", "a"]).exited;
  expect([node.code, node.stderr]).toEqual([
    2,
    expect.stringMatching(/^--log must be a folder or redis:\/\/HOST:PORT\nusage: pnpm run node --id ID/),
  ]);
  const trial = await startTypeScript(TRIAL, ["--nodes", "2"]).exited;
  expect([trial.code, trial.stderr]).toEqual([2, expect.stringMatching(/^--nodes is 2\nusage: pnpm start/)]);
});

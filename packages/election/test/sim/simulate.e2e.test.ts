/** The command `simulate`. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Exit, start } from "../../../../test/process.js";
import { compiledProgram } from "../processes/compiled.js";
import { CHUNK } from "./seed-runs.js";

/** Compiled, which starts sooner, and so do its workers. */
async function simulate(args: string, cwd?: string): Promise<Exit> {
  const command = [compiledProgram("../sim/simulate.ts"), ...args.split(" ")];
  await using running = start(process.execPath, command, cwd === undefined ? {} : { cwd });
  return await running.exited;
}

it.concurrent("E59: prints the same, however many workers it has", { timeout: 60_000 }, async () => {
  const args = `--mode available --seeds ${2 * CHUNK} --calm-seeds 0 --mutants no --workers`;
  const [alone, two] = await Promise.all([simulate(`${args} 1`), simulate(`${args} 2`)]);
  expect(alone.stdout).toContain(`available: ${2 * CHUNK} seeds (1 to ${2 * CHUNK}), 0 violations`);
  expect(two.stdout).toBe(alone.stdout);
  expect([alone.code, two.code]).toEqual([0, 0]);
});

it.concurrent("E59: runs one seed again, with its trace and its picture", { timeout: 60_000 }, async () => {
  const cwd = await mkdtemp(join(tmpdir(), "simulate-"));
  try {
    const { code, stdout } = await simulate("--seed 3 --trace", cwd);
    expect(code).toBe(0);
    expect(stdout).toMatch(/ b:1 .* report /);
    expect(stdout).toMatch(/virtual seconds, trace [0-9a-f]{16}\nno violation\n$/);
    expect(await readdir(cwd)).toEqual(["election-quorum-3.svg"]);
    expect(await readFile(join(cwd, "election-quorum-3.svg"), "utf8")).toMatch(/^<svg/);
  } finally {
    await rm(cwd, { recursive: true });
  }
});

it.concurrent("refuses a wrong option with code 2 and a line that names it", { timeout: 60_000 }, async () => {
  const { code, stderr } = await simulate("--workers 0");
  expect([code, stderr.split("\n")[0]]).toEqual([2, "--workers must be a whole number from 1, not 0"]);
});

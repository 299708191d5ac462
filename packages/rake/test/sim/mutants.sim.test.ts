import { describe, expect, it } from "vitest";
import { judge, MUTANTS } from "./judge-mutants.js";

/** Where each was caught once; `mutants` looks for them anew, from the first seed on, and shrinks what it finds. */
const caughtAt: Readonly<Record<string, number>> = {
  "a vanished server counts as success": 51,
  "outputs are committed before DONE": 4,
  "losers are not released": 50,
  "a reservation never ends by time": 17,
  "digests of outputs are not checked": 146,
  "what a cancelled action has made is taken": 4,
  "a slot is freed twice": 256,
  "an output's path is not checked": 227,
  "attempts have no bound": 10,
  "both attempts of a speculation commit": 51,
  "exit codes are ignored": 4,
  "a set starts behind a failure": 1,
  "sets start together": 1,
  "a slot is free before its folder is gone": 11,
  "credit is ignored": 44,
  "the key of the cache has no toolchain": 29,
  "what was kept is not shown": 4,
  "a silent host is waited for": 12,
  "a lost client's runs and slots are kept": 15,
};

describe("the simulation has teeth", () => {
  it.each(MUTANTS)("$bug is noticed", { timeout: 60_000 }, (mutant) => {
    const from = caughtAt[mutant.bug];
    expect(from).toBeDefined();
    const verdict = judge(mutant, { from: from as number, seeds: 200 });
    expect(mutant.oracles).toContain(verdict?.violation.oracle);
  });
});

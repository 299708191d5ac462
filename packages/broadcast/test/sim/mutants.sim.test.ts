import { describe, expect, it } from "vitest";
import { judge, MUTANTS } from "./judge-mutants.js";

/** Where each was caught once; `mutants` looks for them anew, from the first seed on, and shrinks what it finds. */
const caughtAt: Readonly<Record<string, number>> = {
  "a worker pool that fans out in parallel": 5,
  "a thread per message": 18,
  "no dedup": 198,
  "acknowledgement before commit": 1,
  "a store that says too early that it has it": 42,
  "lastClientSeq lost at a restart": 14,
  "an epoch that goes on, whatever was lost": 9,
  "a resume that asks for nothing": 75,
  "a shared queue that blocks": 1,
  "a PUBACK with the number of another": 1,
  "a gap of which nothing is said": 2,
  "a gap that is called resumed": 30,
  "what was sent counts as acknowledged": 3,
  "a cursor that is one too far after a lag": 2,
  "a server without deadlines": 19,
  "a client that acknowledges before the handler has returned": 3,
  "a client that delivers again what it had": 4,
  "a leave before its grace": 3,
  "a gateway that acknowledges before the log has it": 1,
  "a gateway that skips a trim in silence": 29,
  "a gateway that keeps a session which another has taken over": 9,
};

describe("the simulation has teeth", () => {
  it.each(MUTANTS)("$bug is noticed", { timeout: 60_000 }, (mutant) => {
    const from = caughtAt[mutant.bug];
    expect(from).toBeDefined();
    const verdict = judge(mutant, { from: from as number, seeds: 200 });
    expect(mutant.oracles).toContain(verdict?.violation.oracle);
  });
});

import { describe, expect, it } from "vitest";
import { judge, MUTANTS } from "./judge-mutants.js";

/** Where each was caught once, and soon; `mutants` looks for them anew, from the first seed on, and shrinks what it finds. */
const caughtAt: Readonly<Record<string, number>> = {
  "a worker pool that fans out in parallel": 4,
  "a thread per message": 68,
  "no dedup": 238,
  "acknowledgement before commit": 1,
  "a store that says too early that it has it": 32,
  "lastClientSeq lost at a restart": 63,
  "an epoch that goes on, whatever was lost": 9,
  "a resume that asks for nothing": 14,
  "a shared queue that blocks": 162,
  "a PUBACK with the number of another": 1,
  "a gap of which nothing is said": 3,
  "a gap that is called resumed": 317,
  "what was sent counts as acknowledged": 2,
  "a cursor that is one too far after a lag": 2,
  "a server without deadlines": 6,
  "a client that acknowledges before the handler has returned": 3,
  "a leave before its grace": 10,
  "a gateway that acknowledges before the log has it": 1,
  "a gateway that skips a trim in silence": 3,
  "a gateway that keeps a session which another has taken over": 187,
  "a client that delivers again what it had": 10,
  "a gateway that passes another log off as the one it knew": 54,
  "a gateway that resumes the position of a lost epoch": 292,
  "an engine that goes back in its epoch": 32,
  "a client that keeps quiet of a new epoch": 17,
  "a welcome that names no earlier members": 3,
  "a client for which nobody leaves": 4,
  "a takeover that leaves the old connection": 2,
  "a client that takes its session back": 28,
};

describe("the simulation has teeth", () => {
  it.each(MUTANTS)("$bug is noticed", { timeout: 60_000 }, (mutant) => {
    const from = caughtAt[mutant.bug];
    expect(from).toBeDefined();
    const verdict = judge(mutant, { from: from as number, seeds: 200 });
    expect(mutant.oracles).toContain(verdict?.violation.oracle);
  });
});

/** Elections under random faults; `pnpm --filter @lab/election simulate` runs many more. */
import { renderTrace } from "@lab/simnet";
import { describe, expect, it } from "vitest";
import { mutants } from "./mutants.js";
import { drawPlan, type Plan } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { describePlan } from "./shrink-plan.js";

const runs = Math.ceil(Number(process.env["LAB_RUNS"] ?? 100) / 2);

describe.each(["quorum", "available"] as const)("%s", (mode) => {
  it("E47, E48, E49, E50, E51, E52, E53, E54, E58: every promise holds at every step of every run", {
    timeout: 600_000,
  }, () => {
    let elections = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const plan = drawPlan(seed, mode);
      const run = runPlan(plan);
      expect(run.violation?.message, describePlan(plan)).toBeUndefined();
      elections += run.elections;
    }
    expect(elections, "something happens").toBeGreaterThan(runs);
  });
});

it("E59: the same seed gives the same trace", () => {
  const traceOf = (seed: number): string => renderTrace(runPlan(drawPlan(seed, "quorum"), { trace: true }).trace);
  expect(traceOf(3)).toBe(traceOf(3));
  expect(traceOf(3)).not.toBe(traceOf(4));
});

it("E61: a constant offset of the wall clock of an hour changes nothing", () => {
  const notesOf = (plan: Plan, wallOffsetMs: number): string[] =>
    runPlan(plan, { trace: true, wallOffsetMs }).trace.flatMap((event) =>
      event.type === "note" ? [`${event.at} ${event.node} ${event.text}`] : [],
    );
  for (let seed = 1; seed <= 5; seed++) {
    const plan = drawPlan(seed, "quorum");
    expect(notesOf(plan, 3_600_000)).toEqual(notesOf(plan, 0));
  }
});

/** Seeds at which each mutant was caught once; `simulate` looks for them anew. */
const caughtAt: Readonly<Record<string, number>> = {
  "lease from receipt time": 41,
  "F = 1": 306,
  "voters ignore the lease": 16,
  "no quarantine": 40,
  "transfer keeps leading": 1,
  "leader never steps down": 1,
  "no pre-vote and no re-assert": 10,
};

describe("a rule that is broken is noticed", () => {
  it.each(mutants.map(({ name, rules }) => [name, rules] as const))("%s", (name, rules) => {
    const seed = caughtAt[name];
    expect(seed).toBeDefined();
    const plan = drawPlan(seed as number, "quorum");
    expect(runPlan(plan).violation).toBeUndefined();
    expect(runPlan(plan, { rules }).violation).toBeDefined();
  });
});

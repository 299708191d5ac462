/** Elections under random faults; `pnpm --filter @lab/election simulate` runs many more. */
import { describe, expect, it } from "vitest";
import { calmKinds, drawCalmPlan, runCalmPlan } from "./calm-plan.js";
import { mutants } from "./mutants.js";
import { drawPlan, type Plan } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { describePlan } from "./shrink-plan.js";
import { fingerprintOf, traceDiagram } from "./trace-output.js";

const runs = Math.ceil(Number(process.env["LAB_RUNS"] ?? 100) / 10);

describe.each(["quorum", "available"] as const)("%s", (mode) => {
  it("E44, E45, E47, E48, E49, E50, E51, E52, E53, E54, E55, E58, E60: every promise holds at every step of every run", {
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

it("E52, E56, E57, E61: a calm cluster in which one thing happens keeps within its bounds, the lower one too", () => {
  const kinds = new Set<string>();
  for (let seed = 1; seed <= 4 * runs; seed++) {
    const { kind } = drawCalmPlan(seed);
    kinds.add(kind);
    expect(runCalmPlan(drawCalmPlan(seed)).violation?.message, `seed ${seed}`).toBeUndefined();
  }
  if (runs >= 10) expect([...kinds].sort()).toEqual([...calmKinds].sort());
});

it("E59: the same seed gives the same trace", () => {
  const traceOf = (seed: number) => runPlan(drawPlan(seed, "quorum"), { trace: true }).trace;
  const third = traceOf(3);
  expect(fingerprintOf(traceOf(3))).toBe(fingerprintOf(third));
  expect(fingerprintOf(traceOf(4))).not.toBe(fingerprintOf(third));
  expect(traceDiagram(third, "seed 3")).toContain("report 1");
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
  "lease from receipt time": 12,
  "F = 1": 194,
  "voters ignore the lease": 12,
  "no quarantine": 34,
  "transfer keeps leading": 4,
  "leader never steps down": 5,
  "no pre-vote and no re-assert": 5,
  "resumes the old epoch after a failed hand-over": 4,
  "epoch not stored before the vote leaves": 14,
  "Ack of a lower epoch accepted": 117,
  "restart without what was stored": 1,
};

describe("a rule that is broken is noticed", () => {
  it.each(mutants)("$name", ({ name, mode = "quorum", rules, driver }) => {
    const seed = caughtAt[name];
    expect(seed).toBeDefined();
    const plan = drawPlan(seed as number, mode);
    expect(runPlan(plan).violation).toBeUndefined();
    expect(runPlan(plan, { rules, driver }).violation).toBeDefined();
  });
});

/** Rooms under random faults; `pnpm --filter @lab/broadcast simulate` runs many more. */
import { describe, expect, it } from "vitest";
import { drawIsolation, isolationViolation } from "./isolation.js";
import { drawPlan, LOG_KINDS } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { explained, simulate } from "./simulation.js";

/** `SIMNET_SEED=7` runs that one alone. */
const wanted = process.env["SIMNET_SEED"];
const runs = wanted === undefined ? Number(process.env["LAB_RUNS"] ?? 60) : 1;
const from = wanted === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(wanted);

describe.each(LOG_KINDS)("log: %s", (log) => {
  it("B12, B13, B18, B20 to B22, B24 to B28, B30 to B34, B37 to B40: whatever fails, the promises A to D, F and G hold, and all have the rest of the log in the end", {
    timeout: 600_000,
  }, () => {
    const summary = simulate(from, runs, { log, maxFailures: 1 });
    expect(summary.failures.map((failure) => explained(failure)).join("\n")).toBe("");
    if (wanted !== undefined || runs < 60) return;
    // A run in which nothing happens proves nothing.
    expect(summary.met("publishes: acknowledged")).toBeGreaterThan(runs);
    expect(summary.met("welcome: resumed")).toBeGreaterThan(0);
    expect(summary.met("gaps told")).toBeGreaterThan(0);
    expect(summary.deliveries).toBeGreaterThan(summary.publishes);
  });
});

it("B18, E: what the others are told, and when, is the same with a slow, stopped, cut or hostile one as without", {
  timeout: 600_000,
}, () => {
  for (let seed = from; seed < from + Math.ceil(runs / 2); seed++) {
    const plan = drawIsolation(seed);
    expect(isolationViolation(plan)?.message, `SIMNET_SEED=${seed}: ${plan.how}`).toBeUndefined();
  }
});

it("the same seed gives the same run", () => {
  const told = (seed: number): string[] => {
    const all: string[] = [];
    runPlan(drawPlan(seed), undefined, { observed: (...what) => all.push(what.join(" ")) });
    return all;
  };
  expect(told(3)).toEqual(told(3));
  expect(told(4)).not.toEqual(told(3));
});

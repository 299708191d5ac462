/** Builds at hosts that fail and lie; `pnpm --filter @lab/rake simulate` runs many more. */
import { expect, it } from "vitest";
import { drawPlan } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { explained, simulate } from "./simulation.js";

/** `SIMNET_SEED=7` runs that one alone. */
const wanted = process.env["SIMNET_SEED"];
const runs = wanted === undefined ? Number(process.env["LAB_RUNS"] ?? 100) : 1;
const from = wanted === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(wanted);

it("A to F, R3, R19, R20, R32, R35 to R37: whatever fails or lies, a build comes to what one machine alone would, or says why not, and all is free at the end", {
  timeout: 600_000,
}, () => {
  const summary = simulate(from, runs, { maxFailures: 1 });
  expect(summary.failures.map((failure) => explained(failure)).join("\n")).toBe("");
  if (wanted !== undefined || runs < 100) return;
  // A run in which nothing happens proves nothing.
  expect(summary.met("build: succeeded")).toBeGreaterThan(runs / 5);
  for (const what of ["build: ACTION_FAILED", "placed: fallback", "placed: retry"]) {
    expect(summary.met(what), what).toBeGreaterThan(0);
  }
  expect(summary.lies).toBeGreaterThan(0);
});

it("the same seed gives the same run", () => {
  const told = (seed: number): string => {
    const { violation, virtualMs, events, met, trace } = runPlan(drawPlan(seed), undefined, true);
    return JSON.stringify([violation, virtualMs, events, [...met], trace.length]);
  };
  expect(told(3)).toEqual(told(3));
  expect(told(4)).not.toEqual(told(3));
});

/** Rooms under random faults; `pnpm --filter @lab/broadcast simulate` runs many more. */
import { describe, expect, it } from "vitest";
import { drawIsolation, isolationViolation } from "./isolation.js";
import { drawPlan, LOG_KINDS, type LogKind } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { explained, type Summary, simulate } from "./simulation.js";

/** `SIMNET_SEED=7` runs that one alone. */
const wanted = process.env["SIMNET_SEED"];
const runs = wanted === undefined ? Number(process.env["LAB_RUNS"] ?? 20) : 1;
const from = wanted === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(wanted);

const summaries = new Map<LogKind, Summary>();

function summaryOf(log: LogKind): Summary {
  const summary = summaries.get(log) ?? simulate(from, runs, { log, maxFailures: 1 });
  summaries.set(log, summary);
  return summary;
}

/** A run in which nothing happens proves nothing; in one of eight a gap is told. */
function expectMuchMet(...all: readonly Summary[]): void {
  const sum = (of: (summary: Summary) => number): number => all.reduce((total, summary) => total + of(summary), 0);
  expect(sum((summary) => summary.met("publishes: acknowledged"))).toBeGreaterThan(sum(({ seeds }) => seeds));
  expect(sum((summary) => summary.met("welcome: resumed"))).toBeGreaterThan(0);
  expect(sum((summary) => summary.met("gaps told"))).toBeGreaterThan(0);
  expect(sum(({ deliveries }) => deliveries)).toBeGreaterThan(sum(({ publishes }) => publishes));
}

describe.each(LOG_KINDS)("log: %s", (log) => {
  it("B12, B13, B18, B20 to B22, B24 to B28, B30 to B34, B37 to B40: whatever fails, the promises A to D, F and G hold, and all have the rest of the log in the end", {
    timeout: 600_000,
  }, () => {
    const summary = summaryOf(log);
    expect(summary.failures.map((failure) => explained(failure)).join("\n")).toBe("");
    if (runs >= 60) expectMuchMet(summary);
  });
});

it.runIf(runs >= 20)(
  "in these runs publishes are acknowledged, sessions resumed and gaps told",
  { timeout: 600_000 },
  () => {
    expectMuchMet(...LOG_KINDS.map(summaryOf));
  },
);

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

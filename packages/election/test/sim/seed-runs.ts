/** What runs of some seeds come to, as plain data: what a worker sends back, and what is added up. */
import { calmKinds, drawCalmPlan, runCalmPlan } from "./calm-plan.js";
import { mutants } from "./mutants.js";
import { drawPlan } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { describePlan, shrinkPlan } from "./shrink-plan.js";
import { fingerprintOf } from "./trace-output.js";

/** Seeds of one task: a second or so of a worker. */
export const CHUNK = 8;

/** Runs of the seeds from `from` to `to`. Those of a mutant, named by its place in the table, end with the first that catches it. */
export interface Task {
  readonly type: "quorum" | "available" | "calm" | "mutant";
  readonly from: number;
  readonly to: number;
  readonly mutant?: number;
}

export interface Caught {
  readonly seed: number;
  readonly rule: string;
  readonly text: string;
}

export interface Tally {
  seeds: number;
  virtualMs: number;
  elections: number;
  handOvers: number;
  /** In how many runs what may go wrong, by kind; of calm runs, what does. */
  readonly kinds: Record<string, number>;
  /** What happened in all runs together. */
  readonly counts: Record<string, number>;
  /** The largest share of its bound that liveness took, and where. */
  largest: { readonly share: number; readonly seed: number };
  readonly violations: Caught[];
}

export function emptyTally(): Tally {
  const largest = { share: 0, seed: 0 };
  return { seeds: 0, virtualMs: 0, elections: 0, handOvers: 0, kinds: {}, counts: {}, largest, violations: [] };
}

/** Adds what follows. */
export function addTally(sum: Tally, more: Tally): void {
  sum.seeds += more.seeds;
  sum.virtualMs += more.virtualMs;
  sum.elections += more.elections;
  sum.handOvers += more.handOvers;
  for (const [kind, count] of Object.entries(more.kinds)) add(sum.kinds, kind, count);
  for (const [what, count] of Object.entries(more.counts)) add(sum.counts, what, count);
  if (more.largest.share > sum.largest.share) sum.largest = more.largest;
  sum.violations.push(...more.violations);
}

export function runTask({ type, from, to, mutant = 0 }: Task): Tally {
  const tally = emptyTally();
  for (let seed = from; seed <= to; seed++) {
    tally.seeds++;
    if (type === "calm") runCalm(seed, tally);
    else if (type === "mutant") runMutant(seed, mutant, tally);
    else runOne(seed, type, tally);
    if (type === "mutant" && tally.violations.length > 0) break;
  }
  return tally;
}

function add(counts: Record<string, number>, what: string, count: number): void {
  counts[what] = (counts[what] ?? 0) + count;
}

function runOne(seed: number, mode: "quorum" | "available", tally: Tally): void {
  const plan = drawPlan(seed, mode);
  const run = runPlan(plan);
  tally.virtualMs += run.virtualMs;
  tally.elections += run.elections;
  tally.handOvers += run.handOvers;
  for (const kind of plan.kinds) add(tally.kinds, kind, 1);
  for (const { type } of plan.faults) add(tally.counts, type, 1);
  for (const { kind } of plan.aimed) add(tally.counts, `${kind} (the leader)`, 1);
  add(tally.counts, "packets lost", run.counts.lostOnLinks);
  noteShare(tally, seed, run.settled === undefined ? 0 : run.settled.afterMs / run.settled.withinMs);
  if (run.violation === undefined) return;
  const trace = fingerprintOf(runPlan(plan, { trace: true }).trace);
  const text = `${run.violation.message}\n    ${describePlan(plan)}\n    trace ${trace}`;
  tally.violations.push({ seed, rule: run.violation.rule, text });
}

function runCalm(seed: number, tally: Tally): void {
  const plan = drawCalmPlan(seed);
  const { virtualMs, tookMs = 0, latestMs, violation } = runCalmPlan(plan);
  tally.virtualMs += virtualMs;
  for (const kind of calmKinds) if (kind === plan.kind) add(tally.kinds, kind, 1);
  noteShare(tally, seed, tookMs / latestMs);
  if (violation !== undefined) tally.violations.push({ seed, rule: violation.rule, text: violation.message });
}

function runMutant(seed: number, index: number, tally: Tally): void {
  const mutant = mutants[index];
  const plan = drawPlan(seed, mutant?.mode ?? "quorum");
  const broken = (one: typeof plan) => runPlan(one, { rules: mutant?.rules, driver: mutant?.driver }).violation;
  const violation = broken(plan);
  if (violation === undefined) return;
  const least = shrinkPlan(plan, (one) => broken(one) !== undefined);
  tally.violations.push({ seed, rule: violation.rule, text: describePlan(least) });
}

function noteShare(tally: Tally, seed: number, share: number): void {
  if (share > tally.largest.share) tally.largest = { share, seed };
}

/** Many plans, one for each seed, and what came of them in figures. */
import { type Describe, renderTrace, type TraceEvent } from "@lab/simnet";
import { type Machines, SHIPPED } from "./machines.js";
import { drawPlan, type Plan, type PlanOptions } from "./plan.js";
import { type RunOfPlan, runPlan } from "./run-plan.js";
import { describePlan, shrinkPlan } from "./shrink-plan.js";
import type { Violation } from "./violation.js";

export interface Failure {
  readonly seed: number;
  readonly violation: Violation;
  readonly plan: Plan;
}

export class Summary {
  seeds = 0;
  virtualMs = 0;
  events = 0;
  publishes = 0;
  deliveries = 0;
  /** Cuts of the network, resets and crashes. */
  cuts = 0;
  readonly failures: Failure[] = [];
  readonly #met = new Map<string, number>();
  readonly #kinds = new Map<string, number>();

  add(plan: Plan, run: RunOfPlan): void {
    this.seeds++;
    this.virtualMs += run.virtualMs;
    this.events += run.events;
    this.publishes += run.publishes;
    this.deliveries += run.deliveries;
    const { cuts, crashes } = run.counts;
    this.cuts += cuts + crashes + plan.faults.filter(({ type }) => type === "reset").length;
    for (const [what, count] of run.met) add(this.#met, what, count);
    for (const kind of [...plan.kinds, `log: ${plan.log}`]) add(this.#kinds, kind, 1);
    if (run.violation !== undefined) this.failures.push({ seed: plan.seed, violation: run.violation, plan });
  }

  met(what: string): number {
    return this.#met.get(what) ?? 0;
  }

  line(): string {
    const hours = (this.virtualMs / 3_600_000).toFixed(1);
    return `${this.seeds} seeds, ${hours} virtual hours, ${this.publishes} publishes, ${this.deliveries} deliveries, ${this.cuts} cuts and crashes, ${this.failures.length} violations`;
  }

  table(): string {
    return [
      this.line(),
      "",
      "what was met",
      ...rows(this.#met),
      "",
      "runs in which this might happen",
      ...rows(this.#kinds),
    ].join("\n");
  }
}

export interface SimulationOptions extends PlanOptions {
  readonly machines?: Machines;
  /** Ends behind so many seeds with a violation; default 3. */
  readonly maxFailures?: number;
  readonly onSeed?: (summary: Summary) => void;
}

/** Runs the plans of the seeds `from`, `from + 1`, ... */
export function simulate(from: number, seeds: number, options: SimulationOptions = {}): Summary {
  const { machines = SHIPPED, maxFailures = 3, onSeed } = options;
  const summary = new Summary();
  for (let seed = from; seed < from + seeds && summary.failures.length < maxFailures; seed++) {
    const plan = drawPlan(seed, options);
    summary.add(plan, runPlan(plan, machines));
    onSeed?.(summary);
  }
  return summary;
}

/** The same violation with as little as possible around it. */
export function shrunk({ plan, violation }: Failure, machines: Machines = SHIPPED, withinMs?: number): Failure {
  const fails = (one: Plan): boolean => runPlan(one, machines).violation?.oracle === violation.oracle;
  const least = shrinkPlan(plan, fails, withinMs);
  return { seed: plan.seed, plan: least, violation: runPlan(least, machines).violation ?? violation };
}

/** A failure for a reader: how to see it again, what was wrong, in which world, and what happened in it. */
export function explained(failure: Failure, machines: Machines = SHIPPED, maxLines = 150): string {
  const least = shrunk(failure, machines);
  const { trace } = runPlan(least.plan, machines, { trace: true });
  return [
    `SIMNET_SEED=${failure.seed} npx pnpm --filter @lab/broadcast simulate --log "${failure.plan.log}"`,
    failure.violation.message,
    `shrunk: ${least.violation.message}`,
    describePlan(least.plan),
    renderTrace(
      trace.filter((event) => !isHeartbeat(event)),
      { maxLines, describe: describeBytes },
    ),
  ].join("\n");
}

/** The types of the messages that begin in a segment, where it begins with one. */
export const describeBytes: Describe = (bytes) => {
  const types: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 9 <= bytes.length; ) {
    const name = NAMES[bytes[at + 8] ?? 0];
    const length = Number(view.getBigUint64(at));
    if (name === undefined || length > 65_536) break;
    types.push(name);
    at += 8 + length;
  }
  return types.length === 0 ? undefined : types.join(", ");
};

function isHeartbeat(event: TraceEvent): boolean {
  const bytes = "bytes" in event ? event.bytes : undefined;
  return bytes?.length === 17 && (bytes[8] === 9 || bytes[8] === 10);
}

const NAMES = [
  undefined,
  "HELLO",
  "WELCOME",
  "PUBLISH",
  "PUBACK",
  "BATCH",
  "ACK",
  "GAP",
  "SNAPSHOT",
  "PING",
  "PONG",
  "CLOSE",
  "CHALLENGE",
  "AUTH",
  "STABLE",
];

function add(map: Map<string, number>, key: string, by: number): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

function rows(map: ReadonlyMap<string, number>): string[] {
  return [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `  ${name.padEnd(44)} ${String(times).padStart(9)}`);
}

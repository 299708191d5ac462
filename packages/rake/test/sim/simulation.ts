/** Many plans, one for each seed, and what came of them in figures. */
import { type Describe, renderTrace, type TraceEvent } from "@lab/simnet";
import { TYPES } from "../../src/core/message-types.js";
import { drawPlan, type Plan } from "./plan.js";
import { type Machines, type RunOfPlan, runPlan, SHIPPED } from "./run-plan.js";
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
  builds = 0;
  runs = 0;
  lies = 0;
  faults = 0;
  longestMs = 0;
  readonly failures: Failure[] = [];
  readonly #met = new Map<string, number>();
  readonly #kinds = new Map<string, number>();

  add(plan: Plan, run: RunOfPlan): void {
    this.seeds++;
    this.virtualMs += run.virtualMs;
    this.events += run.events;
    this.builds += run.builds;
    this.runs += run.runs;
    this.lies += run.lies;
    this.faults += plan.faults.length + plan.acts.length;
    this.longestMs = Math.max(this.longestMs, run.endedAfterMs);
    for (const [what, count] of run.met) add(this.#met, what, count);
    for (const kind of [...plan.kinds, `left: ${plan.promised}`, `hosts: ${plan.hosts.length}`])
      add(this.#kinds, kind, 1);
    if (run.violation !== undefined) this.failures.push({ seed: plan.seed, violation: run.violation, plan });
  }

  met(what: string): number {
    return this.#met.get(what) ?? 0;
  }

  line(): string {
    const hours = (this.virtualMs / 3_600_000).toFixed(1);
    return `${this.seeds} seeds, ${hours} virtual hours, ${this.builds} builds, ${this.runs} runs at hosts, ${this.lies} lies, ${this.faults} faults, ${this.failures.length} violations`;
  }

  table(): string {
    return [
      this.line(),
      `the last build ended ${(this.longestMs / 1_000).toFixed(1)} s behind the calm`,
      "",
      "what was met",
      ...rows(this.#met),
      "",
      "runs in which this might happen",
      ...rows(this.#kinds),
    ].join("\n");
  }
}

export interface SimulationOptions {
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
    const plan = drawPlan(seed);
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
export function explained(failure: Failure, machines: Machines = SHIPPED, maxLines = 120): string {
  const least = shrunk(failure, machines, 20_000);
  const { trace } = runPlan(least.plan, machines, true);
  return [
    `SIMNET_SEED=${failure.seed} npx pnpm --filter @lab/rake simulate`,
    failure.violation.message,
    `shrunk: ${least.violation.message}`,
    describePlan(least.plan),
    renderTrace(trace.filter(isTelling), { maxLines, describe: describeBytes }),
  ].join("\n");
}

/** The types of the messages that begin in a segment, where it begins with one. */
const describeBytes: Describe = (bytes) => typesIn(bytes);

function typesIn(bytes: Uint8Array): string | undefined {
  const types: string[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 16 <= bytes.length; ) {
    const name = TYPES[Number(view.getBigUint64(at + 8) & 31n)];
    const length = Number(view.getBigUint64(at));
    if (name === undefined || length > 2 ** 22) break;
    types.push(length >= 16 && at + 24 <= bytes.length ? `${name} ${view.getBigUint64(at + 16)}` : name);
    at += 8 + length;
  }
  return types.length === 0 ? undefined : types.join(", ");
}

/** Neither a heartbeat nor what goes on in the middle of a message. */
function isTelling(event: TraceEvent): boolean {
  const bytes = "bytes" in event ? event.bytes : undefined;
  if (bytes === undefined) return true;
  const types = typesIn(bytes);
  return types !== undefined && !/^P[IO]NG 0$/.test(types) && event.type !== "stream-arrived";
}

function add(map: Map<string, number>, key: string, by: number): void {
  map.set(key, (map.get(key) ?? 0) + by);
}

function rows(map: ReadonlyMap<string, number>): string[] {
  return [...map]
    .sort(([, a], [, b]) => b - a)
    .map(([name, times]) => `  ${name.padEnd(64)} ${String(times).padStart(9)}`);
}

/** Many scenarios, one for every seed, and what came of them in figures. */
import { renderTrace } from "@lab/simnet";
import fc from "fast-check";
import { LOSSES, type Machines, type Result, run, SHIPPED } from "./run.js";
import { type Scenario, scenario } from "./scenario.js";

export interface Failure {
  readonly seed: number;
  /** Shrunk as far as it goes. */
  readonly scenario: Scenario;
  readonly violations: readonly string[];
}

export class Summary {
  runs = 0;
  readonly failures: Failure[] = [];
  readonly #outcomes = new Map<string, number>();
  readonly #faults = new Map<string, number>();
  /** How many runs met so many faults, losses not counted. */
  readonly #perRun = new Map<number, number>();
  /** Runs in which everything had to succeed. */
  fair = 0;

  add({ outcomes, faults, isFair }: Result): void {
    this.runs++;
    if (isFair) this.fair++;
    for (const outcome of outcomes) count(this.#outcomes, outcome);
    for (const fault of faults) count(this.#faults, fault);
    count(this.#perRun, faults.filter((fault) => fault !== LOSSES).length);
  }

  /** The share of runs that met so many faults or more, beyond losses that TCP mends. */
  shareWith(faults: number): number {
    let runs = 0;
    for (const [met, times] of this.#perRun) if (met >= faults) runs += times;
    return runs / this.runs;
  }

  outcome(name: string): number {
    return this.#outcomes.get(name) ?? 0;
  }

  table(): string {
    const perRun = [...this.#perRun].sort(([a], [b]) => a - b);
    return [
      `${this.runs} runs, ${this.failures.length} with a violation`,
      `${this.fair} of them with nothing amiss that TCP does not mend: there everything had to succeed`,
      "",
      "how it ended",
      ...rows(this.#outcomes),
      "",
      "faults that were met",
      ...rows(this.#faults),
      "",
      `faults per run, ${LOSSES} apart`,
      ...perRun.map(([met, times]) => `  ${String(met).padEnd(44)} ${String(times).padStart(7)}`),
      `  at least one: ${percent(this.shareWith(1))}, at least two: ${percent(this.shareWith(2))}`,
    ].join("\n");
  }
}

/** Runs the scenarios of the seeds `from`, `from + 1`, ...; where one fails, its scenario is shrunk. */
export function simulate(from: number, seeds: number, machines: Machines = SHIPPED, maxFailures = 3): Summary {
  const summary = new Summary();
  for (let seed = from; seed < from + seeds && summary.failures.length < maxFailures; seed++) {
    const result = ofSeed(seed, machines);
    summary.add(result);
    if (result.violations.length > 0) summary.failures.push(shrunk(seed, machines));
  }
  return summary;
}

/** The first seed whose run violates a rule, and the first rule. */
export function firstViolation(
  from: number,
  seeds: number,
  machines: Machines,
): { seed: number; what: string } | undefined {
  for (let seed = from; seed < from + seeds; seed++) {
    const [what] = ofSeed(seed, machines).violations;
    if (what !== undefined) return { seed, what };
  }
  return undefined;
}

function ofSeed(seed: number, machines: Machines): Result {
  const [made] = fc.sample(scenario, { seed, numRuns: 1 });
  return run(made as Scenario, machines);
}

function shrunk(seed: number, machines: Machines): Failure {
  const property = fc.property(scenario, (one) => run(one, machines).violations.length === 0);
  const { counterexample } = fc.check(property, { seed, numRuns: 1, interruptAfterTimeLimit: 20_000, verbose: 0 });
  const smallest = counterexample?.[0] ?? (fc.sample(scenario, { seed, numRuns: 1 })[0] as Scenario);
  return { seed, scenario: smallest, violations: run(smallest, machines).violations };
}

/** A failure for a reader: how to see it again, what was wrong, in which world, and what happened in it. */
export function explained({ seed, scenario: one, violations }: Failure, machines: Machines = SHIPPED): string {
  const { trace } = run(one, machines, true);
  return [
    `SIMNET_SEED=${seed}`,
    ...violations.map((violation) => `  ${violation}`),
    JSON.stringify(one, (_, value: unknown) => (value instanceof Uint8Array ? `${value.length} bytes` : value), 1),
    renderTrace(trace, { maxLines: 200 }),
  ].join("\n");
}

function count<Key>(map: Map<Key, number>, key: Key): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}

function rows(map: ReadonlyMap<string, number>): string[] {
  const most = [...map].sort(([, a], [, b]) => b - a);
  return most.map(([name, times]) => `  ${name.padEnd(44)} ${String(times).padStart(7)}`);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

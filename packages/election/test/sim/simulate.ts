/**
 * `pnpm --filter @lab/election simulate [--seeds 1000]`: elections in both modes under random faults, calm clusters in which
 * one thing happens, and the mutants. Prints seeds, virtual hours, violations and what the runs met, then after how many seeds
 * each mutant was caught and the least that it takes. The same options print the same, but for the lines on stderr.
 * Exits 1 on a violation, or where a mutant was not caught; 130 after Ctrl-C, with what was done so far.
 */
import { performance } from "node:perf_hooks";
import { mutants, SEEDS_PER_MUTANT } from "./mutants.js";
import { Progress } from "./progress.js";
import { replay } from "./replay.js";
import { addTally, CHUNK, emptyTally, type Tally, type Task } from "./seed-runs.js";
import { readOptions, type SimulateOptions } from "./simulate-options.js";
import { AS_WORKER, runTasks } from "./worker-pool.js";

const SHOWN_VIOLATIONS = 5;

const names = { quorum: "quorum", available: "available", calm: "calm clusters in which one thing happens" } as const;

class Simulation {
  readonly #options: SimulateOptions;
  readonly #abort = new AbortController();
  failures = 0;

  constructor(options: SimulateOptions) {
    this.#options = options;
  }

  get isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  stop(): void {
    this.#abort.abort();
  }

  async run(type: "quorum" | "available" | "calm", first: number, seeds: number): Promise<void> {
    const tasks: Task[] = [];
    for (let from = first; from < first + seeds; from += CHUNK) {
      tasks.push({ type, from, to: Math.min(from + CHUNK, first + seeds) - 1 });
    }
    const began = performance.now();
    const sum = emptyTally();
    for (const tally of await this.#runAll(tasks, type, seeds)) if (tally !== undefined) addTally(sum, tally);
    const seconds = (performance.now() - began) / 1_000;
    const speed = `${(sum.seeds / seconds).toFixed(1)} seeds/s`;
    console.error(`  ${sum.seeds} seeds in ${seconds.toFixed(1)} s: ${speed}, ${this.#options.workers} workers`);
    this.failures += sum.violations.length;
    this.#print(names[type], first, seeds, sum);
  }

  #print(name: string, first: number, seeds: number, sum: Tally): void {
    const range = sum.seeds === seeds ? `${first} to ${first + seeds - 1}` : `of ${seeds}, then stopped`;
    console.log(`${name}: ${sum.seeds} seeds (${range}), ${sum.violations.length} violations`);
    console.log(`  ${(sum.virtualMs / 3_600_000).toFixed(1)} virtual hours`);
    if (sum.elections > 0) console.log(`  ${sum.elections} leaders were elected, ${sum.handOvers} handed over`);
    const { share, seed } = sum.largest;
    console.log(`  liveness took at most ${(100 * share).toFixed(0)} % of its bound (seed ${seed})`);
    for (const { seed: at, text } of sum.violations.slice(0, SHOWN_VIOLATIONS)) console.log(`  seed ${at}: ${text}`);
    histogram("runs in which this might happen", sum.kinds);
    histogram("how often it did", sum.counts);
  }

  async runMutants(): Promise<void> {
    const tasks = mutants.map((_, mutant): Task => ({ type: "mutant", from: 1, to: SEEDS_PER_MUTANT, mutant }));
    const tallies = await this.#runAll(tasks, "mutants", tasks.length * SEEDS_PER_MUTANT);
    console.log(
      `mutants: caught after so many seeds (of ${SEEDS_PER_MUTANT}), by which rule, and the least that it takes`,
    );
    for (const [index, { name, mode = "quorum" }] of mutants.entries()) {
      const tally = tallies[index];
      const caught = tally?.violations[0];
      if (caught !== undefined) console.log(`  ${name} (${mode}): ${caught.seed} ${caught.rule}\n    ${caught.text}`);
      else console.log(`  ${name} (${mode}): ${tally === undefined ? "not done" : "NOT CAUGHT"}`);
      if (caught === undefined && tally !== undefined) this.failures++;
    }
  }

  async #runAll(tasks: readonly Task[], what: string, seeds: number): Promise<(Tally | undefined)[]> {
    const progress = new Progress(what, seeds);
    const { workers } = this.#options;
    const tallies = await runTasks(tasks, {
      workers,
      signal: this.#abort.signal,
      onDone: (done) => progress.add(done),
    });
    progress.end();
    return tallies;
  }
}

function histogram(title: string, counts: Readonly<Record<string, number>>): void {
  const rows = Object.entries(counts).sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1));
  if (rows.length === 0) return;
  console.log(`  ${title}:`);
  const width = Math.max(...rows.map(([what]) => what.length));
  const most = Math.max(...rows.filter(([what]) => what !== "packets lost").map(([, count]) => count));
  for (const [what, count] of rows) {
    const bar = "#".repeat(Math.min(40, Math.ceil((40 * count) / most)));
    console.log(`    ${what.padEnd(width)} ${String(count).padStart(9)} ${bar}`);
  }
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options.seed !== undefined) {
    process.exitCode = replay(options.seed, options.modes[0] ?? "quorum", options.trace);
    return;
  }
  const simulation = new Simulation(options);
  process.once("SIGINT", () => simulation.stop());
  const { firstSeed, seeds, calmSeeds } = options;
  for (const mode of options.modes) if (!simulation.isStopped) await simulation.run(mode, firstSeed, seeds);
  if (calmSeeds > 0 && !simulation.isStopped) await simulation.run("calm", firstSeed, calmSeeds);
  if (options.mutants && !simulation.isStopped) await simulation.runMutants();
  process.exitCode = simulation.isStopped ? 130 : simulation.failures === 0 ? 0 : 1;
}

if (process.argv[2] === AS_WORKER) await import("./simulate-worker.js");
else await main();

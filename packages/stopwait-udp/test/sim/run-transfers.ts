/**
 * `pnpm --filter @lab/stopwait-udp simulate [--runs 10000] [--first-seed 1]`: transfers in hostile weather, by every
 * dialect. Prints how they ended and what they met; exits 1 where one of ours was false, stuck, or broke an invariant.
 */
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { renderTrace } from "@lab/simnet";
import { type Dialect, originalWith, strictV1, v2With } from "./dialects.js";
import { drawPlan, type PlanOptions } from "./plan.js";
import { type Ending, runPlan } from "./transfer-world.js";

const { values } = parseArgs({
  options: { runs: { type: "string", default: "10000" }, "first-seed": { type: "string", default: "1" } },
});
const runs = Number(values.runs);
const firstSeed = Number(values["first-seed"]);

interface Series {
  readonly title: string;
  readonly dialect: Dialect;
  readonly plans: PlanOptions;
  /** Whether an ending that should not be is a failure of this command, or what the series is there to show. */
  readonly mustHold: boolean;
}

const clean: PlanOptions = { corruption: false, maxDelayMs: 25_000 };
const corrupting: PlanOptions = { corruption: true, maxDelayMs: 25_000 };
const series: readonly Series[] = [
  { title: "v2, with corruption", dialect: v2With(), plans: corrupting, mustHold: true },
  { title: "strict v1", dialect: strictV1, plans: clean, mustHold: true },
  { title: "v1 with corruption, which it cannot detect", dialect: strictV1, plans: corrupting, mustHold: false },
  { title: "the original's rules, its timer of 5 s", dialect: originalWith(5_000), plans: clean, mustHold: false },
  { title: "the original's rules, a timer of 0.5 s", dialect: originalWith(500), plans: clean, mustHold: false },
];

const endings: readonly Ending[] = ["success", "failed", "unknown", "false success", "stuck"];
let broken = 0;
for (const one of series) {
  const began = performance.now();
  const counts = new Map<Ending, number>(endings.map((ending) => [ending, 0]));
  const faults: number[] = [];
  let hours = 0;
  let resumed = 0;
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const plan = drawPlan(seed, one.plans);
    const result = runPlan(plan, one.dialect);
    for (const ending of result.endings) counts.set(ending, (counts.get(ending) ?? 0) + 1);
    faults.push(result.faults);
    resumed += result.resumed;
    hours += result.world.now / 3_600_000;
    if (one.mustHold && result.violations.length > 0) {
      broken++;
      if (broken <= 3) {
        console.log(`seed ${seed}: ${result.violations.join("; ")}\n${JSON.stringify(plan)}`);
        console.log(renderTrace(runPlan(plan, one.dialect, { trace: true }).world.trace));
      }
    }
  }
  const transfers = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const share = (count: number): string => `${count} (${((100 * count) / transfers).toFixed(2)} %)`;
  faults.sort((a, b) => a - b);
  const at = (part: number): number => faults[Math.floor(part * (faults.length - 1))] ?? 0;
  const twoOrMore = faults.filter((count) => count >= 2).length;
  console.log(`\n${one.title}: ${runs} runs (seeds ${firstSeed} to ${firstSeed + runs - 1}), ${transfers} transfers`);
  for (const ending of endings) console.log(`  ${ending.padEnd(14)} ${share(counts.get(ending) ?? 0)}`);
  if (one.dialect.resumed !== undefined) console.log(`  of those that were no success ${resumed} were gone on with`);
  console.log(`  faults per run: least ${at(0)}, a quarter below ${at(0.25)}, half below ${at(0.5)}, most ${at(1)};`);
  console.log(`  ${((100 * twoOrMore) / runs).toFixed(1)} % of the runs met two or more`);
  console.log(`  ${hours.toFixed(0)} virtual hours in ${((performance.now() - began) / 1_000).toFixed(1)} s`);
  if (one.mustHold && 2 * twoOrMore < runs) {
    broken++;
    console.log("  fewer than half of the runs met two faults: this proves too little");
  }
}
console.log(broken === 0 ? "\nno false success, none stuck, no invariant broken" : `\n${broken} runs broke a promise`);
process.exitCode = broken === 0 ? 0 : 1;

/**
 * `pnpm --filter @lab/election simulate [--seeds 1000] [--first-seed 1] [--mutants yes]`: elections in both modes under
 * random faults. Prints seeds, virtual hours and violations, then after how many seeds each mutant was caught and the
 * least that it takes; exits 1 on a violation, or where a mutant was not caught.
 */
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { mutants, SEEDS_PER_MUTANT } from "./mutants.js";
import { drawPlan } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { describePlan, shrinkPlan } from "./shrink-plan.js";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "1000" },
    "first-seed": { type: "string", default: "1" },
    mutants: { type: "string", default: "yes" },
  },
});
const seeds = Number(values.seeds);
const firstSeed = Number(values["first-seed"]);
if (!Number.isInteger(seeds) || seeds < 1 || !Number.isInteger(firstSeed)) {
  throw new RangeError("--seeds must be a whole number from 1, --first-seed a whole number");
}

let failures = 0;
for (const mode of ["quorum", "available"] as const) {
  const began = performance.now();
  const broken = new Map<string, number>();
  let virtualMs = 0;
  let elections = 0;
  let handOvers = 0;
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const run = runPlan(drawPlan(seed, mode));
    virtualMs += run.virtualMs;
    elections += run.elections;
    handOvers += run.handOvers;
    if (run.violation === undefined) continue;
    broken.set(run.violation.rule, (broken.get(run.violation.rule) ?? 0) + 1);
    if (++failures <= 5)
      console.log(`  seed ${seed}: ${run.violation.message}\n  ${describePlan(drawPlan(seed, mode))}`);
  }
  const seconds = (performance.now() - began) / 1_000;
  const violations = [...broken.values()].reduce((sum, count) => sum + count, 0);
  console.log(`${mode}: ${seeds} seeds (${firstSeed} to ${firstSeed + seeds - 1}), ${violations} violations`);
  for (const [rule, count] of broken) console.log(`  ${rule}: ${count}`);
  console.log(`  ${(virtualMs / 3_600_000).toFixed(1)} virtual hours in ${seconds.toFixed(1)} s`);
  console.log(`  ${elections} leaders were elected, ${handOvers} handed over`);
}

if (values.mutants !== "no") {
  console.log("\nmutants of quorum mode (caught after so many seeds, by, and the least that it takes)");
  for (const { name, rules } of mutants) {
    let caught = 0;
    for (let seed = 1; seed <= SEEDS_PER_MUTANT && caught === 0; seed++) {
      const plan = drawPlan(seed, "quorum");
      const rule = runPlan(plan, { rules }).violation?.rule;
      if (rule === undefined) continue;
      caught = seed;
      const least = shrinkPlan(plan, (one) => runPlan(one, { rules }).violation !== undefined);
      console.log(`  ${name}: ${seed} ${rule}\n    ${describePlan(least)}`);
    }
    if (caught > 0) continue;
    failures++;
    console.log(`  ${name}: NOT CAUGHT in ${SEEDS_PER_MUTANT} seeds`);
  }
}
process.exitCode = failures === 0 ? 0 : 1;

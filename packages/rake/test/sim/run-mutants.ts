/**
 * `pnpm --filter @lab/rake mutants`: which oracle catches each bug, after how many seeds, and the least that it takes. Exits
 * 1 where one survives.
 */
import { judge, MUTANTS, SEEDS_PER_MUTANT } from "./judge-mutants.js";
import { describePlan } from "./shrink-plan.js";

let survivors = 0;
for (const mutant of MUTANTS) {
  const verdict = judge(mutant, { from: 1, seeds: SEEDS_PER_MUTANT, shrinks: true });
  if (verdict === undefined) {
    survivors++;
    console.log(`${mutant.bug}: SURVIVED ${SEEDS_PER_MUTANT} seeds`);
    continue;
  }
  const { violation, seed, plan } = verdict;
  console.log(`${mutant.bug}: caught by ${violation.oracle} at seed ${seed}\n  ${violation.message.split("\n")[0]}`);
  console.log(describePlan(plan).replaceAll(/^/gm, "    "));
}
console.log(
  `\n${MUTANTS.length} mutants in the simulator, ${MUTANTS.length - survivors} killed, ${survivors} survived`,
);
process.exitCode = survivors > 0 ? 1 : 0;

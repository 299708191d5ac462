/** `pnpm --filter @lab/simnet mutants`: prints mutant and killing scenario; exits 1 where a mutant survives. */
import { failures, judge, MUTANTS, type Verdict } from "./mutants.js";

async function main(): Promise<void> {
  const broken = await failures();
  if (broken.length > 0) console.log(`the shipped code fails: ${broken.join("; ")}`);
  const verdicts: Verdict[] = [];
  for (const mutant of MUTANTS) verdicts.push(await judge(mutant));
  const width = Math.max(...verdicts.map(({ bug }) => bug.length));
  for (const { bug, killedBy } of verdicts) console.log(`${bug.padEnd(width)}  ${killedBy[0] ?? "SURVIVED"}`);
  const survivors = verdicts.filter(({ killedBy }) => killedBy.length === 0).length;
  console.log(`\n${verdicts.length} mutants, ${verdicts.length - survivors} killed, ${survivors} survived`);
  process.exitCode = survivors + broken.length > 0 ? 1 : 0;
}

void main();

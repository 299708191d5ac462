/** `pnpm --filter @lab/hftp mutants`: prints row, mutant and killing test; exits 1 where a mutant survives. */
import { isKilled, judge, shippedFailures, table } from "./mutants.js";

const broken = shippedFailures();
if (broken.length > 0) console.log(`the shipped code fails: ${broken.join("; ")}`);
const verdicts = judge();
console.log(table(verdicts));
const survivors = verdicts.filter((verdict) => !isKilled(verdict));
console.log(`\n${verdicts.length} mutants, ${verdicts.length - survivors.length} killed, ${survivors.length} survived`);
process.exitCode = survivors.length + broken.length > 0 ? 1 : 0;

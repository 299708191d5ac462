/** Prints rule, mutant of the client and what noticed it; exits 1 where one survives. */
import { failures, judge, SHIPPED } from "./mutants.js";

const broken = failures(SHIPPED);
if (broken.length > 0) console.log(`the shipped code fails: ${broken.join("; ")}`);
const verdicts = judge();
for (const { mutant, killedBy } of verdicts) {
  console.log(`${mutant.rule.padEnd(5)} ${mutant.bug.padEnd(54)} ${killedBy[0] ?? "SURVIVED"}`);
}
const survivors = verdicts.filter(({ killedBy }) => killedBy.length === 0).length;
console.log(`\n${verdicts.length} mutants of the client, ${verdicts.length - survivors} killed, ${survivors} survived`);
process.exitCode = survivors + broken.length > 0 ? 1 : 0;

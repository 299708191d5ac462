/** Prints rule, mutant and what the simulation saw of it; exits 1 where one survives. */
import { judge } from "./mutants.js";

const verdicts = judge(2_000);
for (const { mutant, killedBy } of verdicts) {
  const how = killedBy === undefined ? "SURVIVED" : `seed ${killedBy.seed}: ${killedBy.what}`;
  console.log(`${mutant.rule.padEnd(4)} ${mutant.bug.padEnd(76)} ${how}`);
}
const survivors = verdicts.filter(({ killedBy }) => killedBy === undefined).length;
console.log(
  `\n${verdicts.length} mutants in the simulator, ${verdicts.length - survivors} killed, ${survivors} survived`,
);
process.exitCode = survivors > 0 ? 1 : 0;

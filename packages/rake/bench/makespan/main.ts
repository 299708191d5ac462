/**
 * `pnpm --filter @lab/rake makespan [--seeds 300] [--cores 1-4] [--only WORDS]`: the makespan of 60 jobs of unknown length on 4
 * unequal servers, by rules of bidding, each as a multiple of what no rule could beat. Exits 1 where the shipped rule misses its bar.
 */
import { parseArgs } from "node:util";
import { drawCase, JOBS, measure, quantile } from "./measure.js";
import { RULES } from "./rules.js";

const BAR = 1.25;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((one) => one !== "--"),
  options: {
    seeds: { type: "string", default: "300" },
    cores: { type: "string", default: "1-4" },
    only: { type: "string", default: "" },
  },
});
const seeds = Number(values.seeds);
const rules = RULES.filter(({ name }) => name.includes(values.only));
const [least = 0, most = least] = values.cores.split("-").map(Number);
const isRange = Number.isSafeInteger(least) && Number.isSafeInteger(most) && least >= 1 && most >= least;
if (!Number.isSafeInteger(seeds) || seeds < 1 || rules.length === 0 || !isRange) {
  console.error("makespan [--seeds 300] [--cores 1-4] [--only WORDS]");
  process.exit(2);
}
console.log(
  `${JOBS} jobs on 4 unequal servers of ${values.cores} cores, ${seeds} seeds: makespan over the lower bound\n`,
);
console.log(`| rule | median | p90 | second attempts |`);
console.log(`|---|---|---|---|`);
for (const rule of rules) {
  const measured = Array.from({ length: seeds }, (_, index) => measure(drawCase(index + 1, [least, most]), rule));
  const ratios = measured.map(({ ratio }) => ratio);
  const median = quantile(ratios, 0.5);
  const seconds = measured.reduce((sum, { speculations }) => sum + speculations, 0) / seeds;
  console.log(`| ${rule.name} | ${median.toFixed(2)} | ${quantile(ratios, 0.9).toFixed(2)} | ${seconds.toFixed(1)} |`);
  if (rule.name.endsWith("shipped") && median > BAR) {
    console.error(`the shipped rule misses its bar: ${median.toFixed(3)}, not ${BAR}`);
    process.exitCode = 1;
  }
}

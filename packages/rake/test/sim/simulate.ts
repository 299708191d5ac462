/**
 * `pnpm --filter @lab/rake simulate [--seeds 20000] [--from 1]`: so many runs, and what came of them: builds, runs at hosts, lies,
 * faults, violations. Exits 1 where a promise was broken, with the seed, the shrunk plan and its trace. `SIMNET_SEED=7` runs that
 * one alone.
 */
import { parseArgs } from "node:util";
import { explained, simulate } from "./simulation.js";

const PROGRESS_MS = 10_000;

const { values } = parseArgs({
  args: process.argv.slice(2).filter((one) => one !== "--"),
  options: { seeds: { type: "string", default: "20000" }, from: { type: "string", default: "1" } },
});
const one = process.env["SIMNET_SEED"];
const seeds = one === undefined ? Number(values.seeds) : 1;
const from = Number(one ?? values.from);
if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(from)) {
  console.error("simulate [--seeds 20000] [--from 1]");
  process.exit(2);
}
const began = performance.now();
let told = began;
const summary = simulate(from, seeds, {
  onSeed: (sum) => {
    if (performance.now() - told < PROGRESS_MS) return;
    told = performance.now();
    console.error(`  ${sum.line()}`);
  },
});
console.log(summary.table());
const seconds = (performance.now() - began) / 1_000;
console.error(
  `${seconds.toFixed(1)} s, ${(summary.seeds / seconds).toFixed(1)} seeds/s, ${Math.round(summary.events / summary.seeds)} events a seed`,
);
for (const failure of summary.failures) console.log(`\n${explained(failure)}`);
process.exitCode = summary.failures.length > 0 ? 1 : 0;

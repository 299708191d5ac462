/**
 * `pnpm --filter @lab/hftp simulate [--seeds 2000] [--from 1]`: runs that many scenarios and prints what came of them.
 * Exits 1 where one violates a rule, with its seed, the shrunk scenario and its trace. `SIMNET_SEED=7` runs that one alone.
 */
import { parseArgs } from "node:util";
import { explained, simulate } from "./simulation.js";

const { values } = parseArgs({
  options: { seeds: { type: "string", default: "2000" }, from: { type: "string", default: "1" } },
});
const one = process.env["SIMNET_SEED"];
const from = Number(one ?? values.from);
const count = one === undefined ? Number(values.seeds) : 1;
const began = performance.now();
const summary = simulate(from, count);
console.log(summary.table());
console.log(`${((performance.now() - began) / 1000).toFixed(1)} s`);
for (const failure of summary.failures.slice(0, 3)) console.log(`\n${explained(failure)}`);
process.exitCode = summary.failures.length > 0 ? 1 : 0;

// `pnpm test:long`: the whole suite with fifty times the property runs and a time limit to match.
import { spawnSync } from "node:child_process";

const runs = 50 * Number(process.env["LAB_RUNS"] ?? 100);
const result = spawnSync("pnpm", ["exec", "vitest", "run", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, LAB_RUNS: String(runs), LAB_TIMEOUT_MS: "1800000" },
});
process.exit(result.status ?? 1);

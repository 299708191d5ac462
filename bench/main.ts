/**
 * `pnpm bench [--smoke] [--no-build] [filter]`: measures every row of packages/<name>/bench/*.bench.ts whose package or
 * text contains the filter. Builds the packages first. `--smoke` runs each row once on little work, for correctness.
 * Writes .bench/results.md and .bench/results.json; exits 1 where a row fails, 2 where one is below its bar.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { measureRow, type Result, type Row } from "./row.js";
import { markdownTable, plainTable } from "./table.js";

const root = new URL("../", import.meta.url);
const { values, positionals } = parseArgs({
  options: { smoke: { type: "boolean", default: false }, "no-build": { type: "boolean", default: false } },
  allowPositionals: true,
});
const filter = positionals[0] ?? "";

if (!values["no-build"]) {
  const build = spawnSync("pnpm", ["build"], { cwd: root, encoding: "utf8" });
  if (build.status !== 0) {
    console.error(`pnpm build failed:\n${build.stdout}${build.stderr}${build.error ?? ""}`);
    process.exit(1);
  }
}

const machine = `Node ${process.versions.node}, ${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"})`;
const load = loadavg()[0]?.toFixed(2) ?? "unknown";
console.log(`${machine}, load ${load} at the start`);

const results: Result[] = [];
let failed = 0;
let absent = 0;
for (const file of benchFiles()) {
  const { rows } = (await import(new URL(file, root).href)) as { rows: readonly Row[] };
  for (const row of rows) {
    if (!`${file} ${row.what}`.includes(filter)) continue;
    try {
      const why = await row.absent?.(values.smoke);
      if (why !== undefined) {
        absent++;
        console.log(`${row.what}: skipped, ${why}`);
        continue;
      }
      const result = await measureRow(row, values.smoke);
      results.push(result);
      console.log(`${result.what}: ${result.ratio.toFixed(2)}`);
    } catch (error) {
      failed++;
      console.error(`${row.what}: failed`, error);
    }
  }
}

console.log(`\n${plainTable(results, values.smoke)}`);
if (!values.smoke) {
  mkdirSync(new URL(".bench/", root), { recursive: true });
  const heading = `${machine}, load ${load} at the start, at least 7 interleaved rounds, medians`;
  writeFileSync(new URL(".bench/results.md", root), `${heading}\n\n${markdownTable(results)}\n`);
  writeFileSync(new URL(".bench/results.json", root), `${JSON.stringify({ machine, load, results }, undefined, 2)}\n`);
}
const below = values.smoke ? 0 : results.filter((result) => !result.met).length;
console.log(
  `\n${results.length} rows, ${failed} failed, ${absent} skipped${values.smoke ? "" : `, ${below} below their bar`}`,
);
process.exit(failed > 0 || results.length + absent === 0 ? 1 : below > 0 ? 2 : 0);

function benchFiles(): string[] {
  const files: string[] = [];
  for (const name of readdirSync(new URL("packages/", root)).sort()) {
    const folder = new URL(`packages/${name}/bench/`, root);
    if (!existsSync(folder)) continue;
    for (const file of readdirSync(folder).sort()) {
      if (file.endsWith(".bench.ts")) files.push(`packages/${name}/bench/${file}`);
    }
  }
  return files;
}

/**
 * `pnpm --filter @lab/stopwait-udp explore [--faults 3] [--diagrams DIR]`: every schedule of small transfers with so many
 * faults, by our machines; and the shortest schedules by which the original's rules corrupt files, as text and as
 * diagrams. Exits 1 where one of ours fails, an exploration is cut, or a bug of the original is not found.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { explore, renderDiagram, renderExploration, type Scenario } from "@lab/simnet";
import { describeDatagram, exploredTransfer } from "./explorer-scenarios.js";
import { originalTransfer } from "./original-scenarios.js";

const { values } = parseArgs({
  options: {
    faults: { type: "string", default: "3" },
    diagrams: { type: "string" },
    "max-states": { type: "string", default: "10000000" },
  },
});
const faults = Number(values.faults);
const maxStates = Number(values["max-states"]);
const folder = values.diagrams ?? mkdtempSync(join(tmpdir(), "stopwait-explorer-"));
mkdirSync(folder, { recursive: true });

let isWrong = false;

function run(title: string, scenario: Scenario, maxFaults: number, mustFail: boolean): void {
  const began = performance.now();
  const report = explore(scenario, { maxFaults, maxStates });
  const seconds = (performance.now() - began) / 1_000;
  console.log(`\n${title}\n${renderExploration(report)}`);
  const megabytes = process.resourceUsage().maxRSS / 1_024;
  console.log(`${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MiB at most until now`);
  for (const { message, trace } of report.failures) {
    const file = join(folder, `${title.replace(/[^a-z0-9]+/gi, "-")}.svg`);
    const options = { title: `${title}: ${message}`, describe: describeDatagram, nodes: ["client", "server"] };
    writeFileSync(file, renderDiagram(trace, options));
    console.log(`as a diagram: ${file}`);
  }
  const isAsItShouldBe = mustFail ? report.failures.length > 0 : report.ended === "complete";
  if (!isAsItShouldBe) isWrong = true;
}

run("original B1 get", originalTransfer({ operation: "get", blocks: 3, looksFor: "twice" }), 3, true);
run("original B2 put", originalTransfer({ operation: "put", blocks: 3, looksFor: "swapped" }), 3, true);
run("original B3 put", originalTransfer({ operation: "put", blocks: 5, looksFor: "lost" }), 3, true);
for (const version of ["v1", "v2"] as const) {
  for (const operation of ["get", "put"] as const) {
    run(`${version} ${operation} of 3 blocks`, exploredTransfer({ version, operation, blocks: 3 }), faults, false);
  }
}
console.log(isWrong ? "\nnot what it should be" : "\nours never failed, and each bug of the original was found");
process.exitCode = isWrong ? 1 : 0;

/**
 * `pnpm --filter @lab/stopwait-udp explore [--faults 3] [--diagrams DIR]`: every schedule of small transfers with so many
 * faults, by our machines; and the shortest schedules by which the original's rules corrupt files, as text and as
 * diagrams. Each exploration is a process of its own, one for each core. Exits 1 where one of ours fails, an exploration
 * is cut, or a bug of the original is not found.
 */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { parseArgs } from "node:util";
import { explore, renderDiagram, renderExploration, type Scenario } from "@lab/simnet";
import { startTypeScript } from "../../../../test/process.js";
import { describeDatagram, exploredTransfer } from "./explorer-scenarios.js";
import { originalTransfer } from "./original-scenarios.js";

interface Exploration {
  readonly scenario: Scenario;
  /** Whether it is there to show a bug. */
  readonly mustFail: boolean;
}

// The longest first, so that no core is left with one of them at the end.
const explorations: Readonly<Record<string, Exploration>> = {
  "v2 put of 3 blocks": { scenario: exploredTransfer({ version: "v2", operation: "put", blocks: 3 }), mustFail: false },
  "v2 get of 3 blocks": { scenario: exploredTransfer({ version: "v2", operation: "get", blocks: 3 }), mustFail: false },
  "v1 put of 3 blocks": { scenario: exploredTransfer({ version: "v1", operation: "put", blocks: 3 }), mustFail: false },
  "v1 get of 3 blocks": { scenario: exploredTransfer({ version: "v1", operation: "get", blocks: 3 }), mustFail: false },
  "original B1 get": { scenario: originalTransfer({ operation: "get", blocks: 3, looksFor: "twice" }), mustFail: true },
  "original B2 put": {
    scenario: originalTransfer({ operation: "put", blocks: 3, looksFor: "swapped" }),
    mustFail: true,
  },
  "original B3 put": { scenario: originalTransfer({ operation: "put", blocks: 5, looksFor: "lost" }), mustFail: true },
};

const { values } = parseArgs({
  options: {
    faults: { type: "string", default: "3" },
    diagrams: { type: "string" },
    "max-states": { type: "string", default: "10000000" },
    only: { type: "string" },
  },
});
const folder = values.diagrams ?? mkdtempSync(join(tmpdir(), "stopwait-explorer-"));
mkdirSync(folder, { recursive: true });

/** @returns whether it ended as it should */
function run(title: string, { scenario, mustFail }: Exploration): boolean {
  const began = performance.now();
  const maxFaults = mustFail ? 3 : Number(values.faults); // it ends at the first failure
  const report = explore(scenario, { maxFaults, maxStates: Number(values["max-states"]) });
  const seconds = (performance.now() - began) / 1_000;
  console.log(`\n${title}\n${renderExploration(report)}`);
  const megabytes = process.resourceUsage().maxRSS / 1_024;
  console.log(`${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MiB at most`);
  for (const { message, trace } of report.failures) {
    const file = join(folder, `${title.replace(/[^a-z0-9]+/gi, "-")}.svg`);
    const options = { title: `${title}: ${message}`, describe: describeDatagram, nodes: ["client", "server"] };
    writeFileSync(file, renderDiagram(trace, options));
    console.log(`as a diagram: ${file}`);
  }
  return mustFail ? report.failures.length > 0 : report.ended === "complete";
}

async function runAll(): Promise<boolean> {
  const began = performance.now();
  const waiting = Object.keys(explorations);
  let isRight = true;
  const work = async (): Promise<void> => {
    for (let title = waiting.shift(); title !== undefined; title = waiting.shift()) {
      const limits = ["--faults", values.faults, "--max-states", values["max-states"]];
      const args = ["--only", title, "--diagrams", folder, ...limits];
      const { code, stdout, stderr } = await startTypeScript(new URL(import.meta.url), args).exited;
      process.stdout.write(`${stdout}${stderr}`);
      if (code !== 0) isRight = false;
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, availableParallelism()) }, work));
  console.log(`\n${((performance.now() - began) / 1_000).toFixed(0)} s in all`);
  console.log(isRight ? "ours never failed, and each bug of the original was found" : "not what it should be");
  return isRight;
}

const one = values.only === undefined ? undefined : explorations[values.only];
if (values.only !== undefined && one === undefined) {
  throw new RangeError(`--only must be one of ${Object.keys(explorations).join(", ")}, not ${values.only}`);
}
process.exitCode = (one === undefined ? await runAll() : run(values.only ?? "", one)) ? 0 : 1;

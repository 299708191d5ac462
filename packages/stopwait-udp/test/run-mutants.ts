/**
 * `pnpm --filter @lab/stopwait-udp mutants`: which check of `sim/` kills which mutant, and how. Exits 1 where one lives,
 * or where a check fails without any. A livelock is a kill where a check says so; running out of time is none.
 */
import { performance } from "node:perf_hooks";
import { explore, renderSchedule } from "@lab/simnet";
import fc from "fast-check";
import { mutants } from "./mutants.js";
import type { Check, Protocols } from "./sim/cases.js";
import { cutChecks } from "./sim/cuts.js";
import { strictV1, v2With } from "./sim/dialects.js";
import { exploredTransfer } from "./sim/explorer-scenarios.js";
import { intruderChecks } from "./sim/intruders.js";
import { digestCheck, scheduleChecks, withoutChecksums } from "./sim/invariants.js";

fc.configureGlobal({ numRuns: Number(process.env["LAB_RUNS"] ?? 100) });

const ours: Protocols = { v1: strictV1, v2: v2With() };
const checks: readonly (readonly [Check, Protocols])[] = [
  ...[...scheduleChecks, ...cutChecks, ...intruderChecks].map((check) => [check, ours] as const),
  [digestCheck, { v1: strictV1, v2: withoutChecksums }],
  [explored("v1", "get", 2), ours],
  [explored("v1", "put", 2), ours],
  [explored("v2", "get", 1), ours],
  [explored("v2", "put", 1), ours],
];

/** The explorer, which knows our machines alone: what is wrapped around one it does not see. */
function explored(version: "v1" | "v2", operation: "get" | "put", maxFaults: number): Check {
  return {
    title: `the explorer, ${version} ${operation}, ${maxFaults} faults: no failures`,
    run() {
      const [failure] = explore(exploredTransfer({ version, operation, blocks: 3 }), { maxFaults }).failures;
      if (failure !== undefined) throw new Error(renderSchedule(failure));
    },
  };
}

/** What a check says, in its first line; undefined where it is passed. */
function complaint(run: () => void): string | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return (cause instanceof Error ? cause.message : String(cause)).split("\n")[0] ?? "";
  }
}

let living = 0;
for (const [check, protocols] of checks) {
  const said = complaint(() => check.run(protocols));
  if (said === undefined) continue;
  living++;
  console.log(`fails without any mutant: ${check.title}: ${said}`);
}
const began = performance.now();
for (const { name, rule, live } of mutants) {
  const kills: string[] = [];
  for (const [check, protocols] of checks) {
    const said = complaint(() => live(protocols, (changed) => check.run(changed)));
    if (said === undefined) continue;
    kills.push(`    by ${check.title.split(":")[0]}: ${said.slice(0, 160)}`);
    break;
  }
  if (kills.length === 0) living++;
  console.log(`${kills.length === 0 ? "LIVES " : "killed"} ${name} (${rule})\n${kills.join("")}`);
}
const seconds = ((performance.now() - began) / 1_000).toFixed(0);
console.log(`\n${mutants.length} mutants in ${seconds} s, ${living === 0 ? "all killed" : `${living} faults`}`);
process.exitCode = living === 0 ? 0 : 1;

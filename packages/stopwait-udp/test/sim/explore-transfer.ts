/**
 * `explore-transfer.ts v1|v2 get|put FAULTS`: explores every schedule of a transfer of three blocks by our machines with so
 * many faults, and prints what a test asks of it as one line of JSON (an `ExploredSummary`). A program of its own, so that
 * several explorations can share the cores.
 */
import { explore, renderExploration, renderSchedule } from "@lab/simnet";
import { exploredTransfer } from "./explorer-scenarios.js";

export interface ExploredSummary {
  readonly failures: readonly string[];
  readonly ended: string;
  readonly states: number;
  /** The names of all end states. */
  readonly endStates: readonly string[];
  /** All of it, for a person. */
  readonly text: string;
}

const [version, operation, faults] = process.argv.slice(2);
if ((version !== "v1" && version !== "v2") || (operation !== "get" && operation !== "put"))
  throw new TypeError("wanted: v1|v2 get|put FAULTS");
const report = explore(exploredTransfer({ version, operation, blocks: 3 }), { maxFaults: Number(faults) });
const summary: ExploredSummary = {
  failures: report.failures.map(renderSchedule),
  ended: report.ended,
  states: report.states,
  endStates: [...report.endStates.keys()],
  text: renderExploration(report),
};
console.log(JSON.stringify(summary));

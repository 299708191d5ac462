/**
 * Programs of many processes, compiled once: tsx would spend half a second of a core on each start, and nodes that all
 * start slowly are a test of the machine.
 */
import { bundled } from "../../../../test/programs.js";

/** A path from this file. */
export type Program =
  | "asking-node.ts"
  | "asking-candidate.ts"
  | "resource.ts"
  | "../etcd/candidate.ts"
  | "../node/file-lock-rounds.ts"
  | "../node/start-and-stop.ts"
  | "../overlap/report.ts"
  | "../sim/simulate.ts";

/** The file of a program, as JavaScript that `node` runs. */
export function compiledProgram(name: Program): string {
  return bundled(new URL(name, import.meta.url));
}

/** The options of a node of a plan. */
import type { ElectionOptions } from "../../src/core/index.js";
import type { Plan, PlannedNode } from "./plan.js";

/** The share by which clocks may be wrong: the default of the option `clockError`. */
export const CLOCK_ERROR = 0.047;

export function optionsOf(plan: Plan, { name, address }: PlannedNode): Omit<ElectionOptions, "platform"> {
  const { mode, nodes, reportMs, leaseMs, tenureMs } = plan;
  const members = nodes.filter(({ isMember }) => isMember).map((node) => ({ id: node.name, address: node.name }));
  return {
    mode,
    id: name,
    address,
    members: mode === "quorum" ? members : [],
    seeds: nodes.slice(0, 2).map((node) => node.name),
    reportMs,
    leaseMs,
    ...timesOf(plan),
    tenureMs,
  };
}

/** What is in proportion to R. */
export function timesOf({ reportMs }: Pick<Plan, "reportMs">): {
  readonly pulseMs: number;
  readonly stepMs: number;
  readonly voteMs: number;
  readonly probeMs: number;
  readonly handOverMs: number;
} {
  return {
    pulseMs: 2 * reportMs,
    stepMs: reportMs,
    voteMs: Math.max(500, reportMs * 0.66),
    probeMs: 4 * reportMs,
    handOverMs: 2 * reportMs,
  };
}

/** Makes a plan that fails smaller: without what it fails without. */
import type { Plan, PlannedNode } from "./plan.js";

/** @param fails whether a plan still fails */
export function shrinkPlan(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  let least = plan;
  for (let isSmaller = true; isSmaller; ) {
    isSmaller = false;
    for (const smaller of candidates(least)) {
      if (!fails(smaller)) continue;
      least = smaller;
      isSmaller = true;
      break;
    }
  }
  return least;
}

function* candidates(plan: Plan): Iterable<Plan> {
  if (plan.mischief !== undefined) yield { ...plan, mischief: undefined };
  for (const field of ["faults", "aimed"] as const) {
    if (plan[field].length > 1) yield { ...plan, [field]: [] };
    for (let index = 0; index < plan[field].length; index++) {
      yield { ...plan, [field]: plan[field].filter((_, at) => at !== index) };
    }
  }
  const { loads, nodes } = plan;
  if (!loads.isEven || loads.noise > 0) yield { ...plan, loads: { isEven: true, noise: 0, flipsAfter: 0 } };
  const { latencyMs = 0, jitterMs = 0, drop = 0 } = plan.impairments;
  if (jitterMs > 0 || drop > 0) yield { ...plan, impairments: { latencyMs } };
  const plain = nodes.map(plainNode);
  if (JSON.stringify(plain) !== JSON.stringify(nodes)) yield { ...plan, nodes: plain };
  const last = nodes.at(-1);
  const isNamed = [...plan.faults].some((fault) => JSON.stringify(fault).includes(`"${last?.name}"`));
  if (last !== undefined && nodes.length > 1 && !isNamed) yield { ...plan, nodes: nodes.slice(0, -1) };
}

function plainNode(node: PlannedNode): PlannedNode {
  return { ...node, skewMs: 0, rate: 1, wallOffsetMs: 0, disk: {} };
}

/** What is left to go wrong, on one line. */
export function describePlan({
  seed,
  mode,
  nodes,
  leaseMs,
  loads,
  faults,
  aimed,
  mischief,
  impairments,
}: Plan): string {
  const what = [
    ...faults.map((fault) => JSON.stringify(fault)),
    ...aimed.map(({ kind, atMs, forMs }) => `${kind} (the leader) at ${atMs} for ${forMs}`),
    ...(mischief === undefined ? [] : ["lost, doubled, late and old messages"]),
    ...(impairments.drop === undefined ? [] : [`${100 * impairments.drop} % of the packets lost`]),
    ...(loads.isEven ? [] : ["loads that differ"]),
  ];
  const named = nodes.map(describeNode);
  return `seed ${seed}, ${mode}, ${named.join(" ")}, L ${leaseMs}: ${what.join("; ") || "no fault at all"}`;
}

function describeNode(
  { name, isMember, rate, startAtMs }: PlannedNode,
  _index: number,
  nodes: readonly PlannedNode[],
): string {
  const isHost = !isMember && nodes.some((node) => node.isMember);
  const isLate = startAtMs > 1_500;
  return `${name}${isHost ? " (host)" : ""}${rate === 1 ? "" : ` x${rate.toFixed(3)}`}${isLate ? ` from ${startAtMs}` : ""}`;
}

/** Makes a plan that fails smaller: without what it fails without. */
import type { Plan } from "./plan.js";

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
  for (const field of ["faults", "aimed", "wallSteps"] as const) {
    for (let index = 0; index < plan[field].length; index++) {
      yield { ...plan, [field]: plan[field].filter((_, at) => at !== index) };
    }
  }
  if (plan.noise > 0) yield { ...plan, noise: 0 };
  const { latencyMs = 0, jitterMs = 0, drop = 0 } = plan.impairments;
  if (jitterMs > 0 || drop > 0) yield { ...plan, impairments: { latencyMs } };
}

/** What is left to go wrong, on one line. */
export function describePlan({ seed, mode, nodes, leaseMs, faults, aimed, wallSteps, mischief }: Plan): string {
  const what = [
    ...faults.map((fault) => JSON.stringify(fault)),
    ...aimed.map(({ kind, atMs, forMs }) => `${kind} (the leader) at ${atMs} for ${forMs}`),
    ...wallSteps.map(({ node, atMs, byMs }) => `wall clock of ${node} by ${byMs} at ${atMs}`),
    ...(mischief === undefined ? [] : ["lost, doubled, late and old messages"]),
  ];
  const named = nodes.map(
    ({ name, isMember, rate }) => `${name}${isMember ? "" : " (host)"}${rate === 1 ? "" : ` x${rate.toFixed(3)}`}`,
  );
  return `seed ${seed}, ${mode}, ${named.join(" ")}, L ${leaseMs}: ${what.join("; ") || "no fault at all"}`;
}

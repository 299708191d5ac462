/** One seed again: what came of it, the fingerprint of its trace, and the trace itself with its picture. */
import { writeFileSync } from "node:fs";
import { drawPlan } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { describePlan } from "./shrink-plan.js";
import { fingerprintOf, traceDiagram, traceText } from "./trace-output.js";

/** @returns the exit code */
export function replay(seed: number, mode: "quorum" | "available", showsTrace: boolean): number {
  const plan = drawPlan(seed, mode);
  const { trace, violation, virtualMs } = runPlan(plan, { trace: true });
  if (showsTrace) {
    console.log(traceText(trace));
    const file = `election-${mode}-${seed}.svg`;
    writeFileSync(file, traceDiagram(trace, `Election, ${mode}, seed ${seed}`));
    console.error(`wrote ${file}`);
  }
  console.log(describePlan(plan));
  console.log(`${(virtualMs / 1_000).toFixed(1)} virtual seconds, trace ${fingerprintOf(trace)}`);
  console.log(violation === undefined ? "no violation" : violation.message);
  return violation === undefined ? 0 : 1;
}

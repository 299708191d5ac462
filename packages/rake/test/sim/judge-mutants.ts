/** Runs bugs until an oracle notices them. */
import { MUTANTS, type Mutant } from "./mutants.js";
import { drawPlan, type Plan } from "./plan.js";
import { runPlan, SHIPPED } from "./run-plan.js";
import { shrunk } from "./simulation.js";
import type { Violation } from "./violation.js";

export { MUTANTS };

/** Within so many seeds a mutant must be caught. */
export const SEEDS_PER_MUTANT = 1_000;
/** And made as small as it can be in so long. */
const SHRINKS_WITHIN_MS = 6_000;

export interface Verdict {
  /** The first seed that noticed. */
  readonly seed: number;
  readonly violation: Violation;
  readonly plan: Plan;
}

export interface JudgeOptions {
  readonly from: number;
  readonly seeds: number;
  readonly shrinks?: boolean;
}

/** The first violation of one of the promises that the mutant breaks; a run that fails otherwise counts for nothing. */
export function judge(mutant: Mutant, { from, seeds, shrinks = false }: JudgeOptions): Verdict | undefined {
  const machines = { ...SHIPPED, ...mutant.machines };
  const mend = mutant.breaks?.();
  try {
    for (let seed = from; seed < from + seeds; seed++) {
      const plan = drawPlan(seed);
      const { violation } = runPlan(plan, machines);
      if (violation === undefined || !mutant.oracles.includes(violation.oracle)) continue;
      return shrinks ? shrunk({ seed, violation, plan }, machines, SHRINKS_WITHIN_MS) : { seed, violation, plan };
    }
    return undefined;
  } finally {
    mend?.();
  }
}

/** What nodes of a plan measure of themselves. */
import { Random } from "@lab/simnet";
import type { Load } from "../../src/core/index.js";
import { loadOf } from "../cluster.js";
import type { Plan } from "./plan.js";

export function loadsOf({ seed, loads }: Plan, name: string): () => Load {
  const random = new Random(`load ${seed} ${name}`);
  const drawn = random.integer(10, 80);
  const base = loads.isEven ? 50 : drawn;
  let measured = 0;
  return () => {
    const isFlipped = loads.flipsAfter > 0 && Math.floor(measured++ / loads.flipsAfter) % 2 === 1;
    const cpuPercent = (isFlipped ? 100 - base : base) + loads.noise * (2 * random.unit() - 1);
    return loadOf(Math.min(100, Math.max(0, Math.round(cpuPercent))));
  };
}

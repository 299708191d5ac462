/** What becomes of the shared log in a run. */
import type { Plan } from "./plan.js";
import type { SharedEngine } from "./shared-engine.js";

/** In the order of time. */
export function engineActs(
  { acts }: Plan,
  engine: SharedEngine,
): { readonly atMs: number; readonly act: () => void }[] {
  const all = acts.flatMap((act) => {
    if (act.type === "engine-away") return [{ atMs: act.atMs, act: () => engine.goAway(act.forMs) }];
    if (act.type !== "engine-restored") return [];
    const { atMs, savedAtMs, isTold } = act;
    const restores = { atMs, act: () => engine.restore(savedAtMs, isTold) };
    return savedAtMs === 0 ? [restores] : [{ atMs: savedAtMs, act: () => engine.save() }, restores];
  });
  return all.sort((a, b) => a.atMs - b.atMs);
}

/** The cases of the experiment: what is done to the leader in a round, and how the round ends. */
import { setTimeout } from "node:timers/promises";

export const CASES = ["cut", "stop"] as const;
/** `split`: of available alone, where two lead until it ends, however busy the machine is. */
export type Case = (typeof CASES)[number] | "split";

/** A cluster of any engine, as far as the experiment needs it. */
export interface Contestants extends AsyncDisposable {
  readonly ids: readonly string[];
  /** The one among these that all of these follow, once that is so. */
  settled(ids: readonly string[]): Promise<{ readonly id: string }>;
  /** Once a node has said that it leads no more. */
  steppedDown(id: string): Promise<void>;
  /** Cuts the links of a node. `one way`: it is not heard any more, but hears. */
  cut(id: string, how: "both ways" | "one way"): void;
  /** Nothing crosses between these and all others. */
  split(side: readonly string[]): void;
  heal(): void;
  signal(id: string, signal: NodeJS.Signals): void;
  samplesOf(id: string): string;
}

/**
 * One round: the leader is cut off or stopped until another leads, then it comes back and follows that one or another.
 *
 * @param isEnough of a split: asked again and again whether it has lasted long enough
 */
export async function playRound(
  cluster: Contestants,
  which: Case,
  round: number,
  isEnough: () => boolean,
): Promise<void> {
  const { id } = await cluster.settled(cluster.ids);
  const others = cluster.ids.filter((one) => one !== id);
  // It leads for a while, so that the fault strikes at any place of a lease.
  await setTimeout(100 + Math.random() * 200);
  if (which === "cut") {
    cluster.cut(id, round % 2 === 0 ? "both ways" : "one way");
    await Promise.all([cluster.settled(others), cluster.steppedDown(id)]);
    cluster.heal();
  } else if (which === "split") {
    // A host on either side: a leader that hears nobody would stop (E41).
    const [host = "", ...apart] = others;
    cluster.split([id, host]);
    await cluster.settled(apart);
    while (!isEnough()) await setTimeout(20);
    cluster.heal();
  } else {
    cluster.signal(id, "SIGSTOP");
    await cluster.settled(others);
    cluster.signal(id, "SIGCONT");
  }
  await cluster.settled(cluster.ids);
}

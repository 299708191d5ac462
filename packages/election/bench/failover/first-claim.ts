/** When all nodes of a cluster came to follow one leader, by what they said. */
import type { NodeEvent } from "../processes/events.js";

export interface SeenClaim {
  readonly leader: string;
  readonly epoch: number;
  readonly electedAt: number;
  /** When the last of the nodes followed it. */
  readonly followedAt: number;
}

/** The first claim that every one of these nodes has seen, the claimant included, and when the last of them did. */
export function firstClaim(events: readonly NodeEvent[], nodes: readonly string[]): SeenClaim | undefined {
  let first: SeenClaim | undefined;
  for (const elected of events) {
    if (elected.event !== "elected") continue;
    const { node: leader, epoch, ms: electedAt } = elected;
    const isFollowing = (id: string) => (event: NodeEvent) =>
      event.node === id && event.event === "leader" && event.leader === leader && event.epoch === epoch;
    const seenAt = nodes.map((id) => (id === leader ? electedAt : events.find(isFollowing(id))?.ms));
    if (seenAt.includes(undefined)) continue;
    const followedAt = Math.max(...(seenAt as number[]));
    if (first === undefined || followedAt < first.followedAt) first = { leader, epoch, electedAt, followedAt };
  }
  return first;
}

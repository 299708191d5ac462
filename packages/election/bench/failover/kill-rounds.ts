/** The leader is killed, again and again: how long until every survivor follows another. */
import { type ClusterOptions, ElectionCluster } from "../processes/election-cluster.js";
import type { NodeEvent } from "../processes/events.js";
import { randomWait } from "./random-wait.js";

export interface KillRounds {
  /** From the kill to the `elected` of the leader that all survivors came to follow. */
  readonly electedMs: readonly number[];
  /** From the kill to when the last survivor followed it. */
  readonly followedMs: readonly number[];
  /** Leaders that were elected after a kill and that not all survivors came to follow. */
  readonly passedOver: number;
}

/**
 * Each round: the cluster has settled (all nodes follow one leader, and it counts all of them live), a random part of a
 * report interval goes by, so that kills fall anywhere between two reports; SIGKILL; the first claim that every survivor
 * has seen; the killed node starts again.
 */
export async function killRounds(
  options: ClusterOptions & { readonly rounds: number; readonly reportMs: number },
  progress: (line: string) => void,
): Promise<KillRounds> {
  const electedMs: number[] = [];
  const followedMs: number[] = [];
  let passedOver = 0;
  await using cluster = new ElectionCluster(options);
  await cluster.start();
  for (let round = 1; round <= options.rounds; round++) {
    const { leader } = await cluster.settled();
    await randomWait(options.reportMs);
    const survivors = cluster.ids.filter((id) => id !== leader);
    const killedAt = await cluster.kill(leader);
    const seen = await cluster.until(`round ${round}: a leader after ${leader}`, () =>
      firstClaim(cluster.log.since(killedAt), survivors),
    );
    electedMs.push(seen.electedAt - killedAt);
    followedMs.push(seen.followedAt - killedAt);
    const elected = cluster.log.since(killedAt).filter(({ event, ms }) => event === "elected" && ms <= seen.followedAt);
    passedOver += elected.length - 1;
    progress(`round ${round}: ${seen.leader} after ${leader}, ${(seen.followedAt - killedAt).toFixed(0)} ms`);
    cluster.log.forget(seen.followedAt);
    await cluster.startNode(leader);
  }
  return { electedMs, followedMs, passedOver };
}

interface SeenClaim {
  readonly leader: string;
  readonly epoch: number;
  readonly electedAt: number;
  readonly followedAt: number;
}

/** The first claim that every one of these nodes has seen, the claimant included, and when the last of them did. */
export function firstClaim(events: readonly NodeEvent[], nodes: readonly string[]): SeenClaim | undefined {
  let first: SeenClaim | undefined;
  for (const elected of events) {
    if (elected.event !== "elected") continue;
    const seenAt = nodes.map((id) => {
      if (id === elected.node) return elected.ms;
      const follows = events.find(
        ({ node, ...event }) =>
          node === id && event.event === "leader" && event.leader === elected.node && event.epoch === elected.epoch,
      );
      return follows?.ms;
    });
    if (seenAt.includes(undefined)) continue;
    const followedAt = Math.max(...(seenAt as number[]));
    if (first === undefined || followedAt < first.followedAt) {
      first = { leader: elected.node, epoch: elected.epoch, electedAt: elected.ms, followedAt };
    }
  }
  return first;
}

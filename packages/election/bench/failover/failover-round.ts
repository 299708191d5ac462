/** One kill of the leader of a running cluster. */
import type { ElectionCluster } from "../processes/election-cluster.js";
import { firstClaim } from "./first-claim.js";

export interface FailoverTimes {
  readonly killed: string;
  readonly leader: string;
  /** From the kill to the `elected` of the leader that all survivors came to follow. */
  readonly electedMs: number;
  /** From the kill to when the last survivor followed it. */
  readonly followedMs: number;
  /** Leaders that were elected after the kill and that not all survivors came to follow. */
  readonly passedOver: number;
}

/**
 * The cluster has settled (all nodes follow one leader, and it counts all of them live), a random part of a report interval
 * goes by, so that kills fall anywhere between two reports; SIGKILL; the first claim that every survivor has seen; the
 * killed node is started again.
 */
export async function failoverRound(cluster: ElectionCluster, reportMs: number): Promise<FailoverTimes> {
  const { leader: killed } = await cluster.settledAnywhereIn(reportMs);
  const survivors = cluster.ids.filter((id) => id !== killed);
  const killedAt = await cluster.kill(killed);
  const { leader, electedAt, followedAt } = await cluster.until(`a leader after ${killed}`, () =>
    firstClaim(cluster.log.since(killedAt), survivors),
  );
  const elected = cluster.log.since(killedAt).filter(({ event, ms }) => event === "elected" && ms <= followedAt);
  cluster.log.forget(followedAt);
  await cluster.startNode(killed);
  return {
    killed,
    leader,
    electedMs: electedAt - killedAt,
    followedMs: followedAt - killedAt,
    passedOver: elected.length - 1,
  };
}

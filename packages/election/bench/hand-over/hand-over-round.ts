/** One leader of a running cluster resigns. */
import { firstClaim } from "../failover/first-claim.js";
import type { ElectionCluster } from "../processes/election-cluster.js";

export interface HandOverTimes {
  /** From the wish to resign to the old leader's `stepDown`. */
  readonly steppedDownMs: number;
  /** From its `stepDown` to the new leader's `elected`: so long nobody leads. */
  readonly leaderlessMs: number;
  /** From its `stepDown` to when the last node followed the new leader. */
  readonly followedMs: number;
  /** Whether another took over, in the very next epoch. */
  readonly isTakenOver: boolean;
}

/** As with a kill: the cluster has settled, and a random part of a report interval has gone by. */
export async function handOverRound(cluster: ElectionCluster, reportMs: number): Promise<HandOverTimes> {
  const { leader, epoch } = await cluster.settledAnywhereIn(reportMs);
  const resignedAt = cluster.resign(leader);
  const stepDown = await cluster.until(`${leader} to step down`, () =>
    cluster.log.since(resignedAt).find(({ event, node }) => event === "stepDown" && node === leader),
  );
  const seen = await cluster.until(`a leader after ${leader}`, () =>
    firstClaim(cluster.log.since(resignedAt), cluster.ids),
  );
  cluster.log.forget(seen.followedAt);
  return {
    steppedDownMs: stepDown.ms - resignedAt,
    leaderlessMs: seen.electedAt - stepDown.ms,
    followedMs: seen.followedAt - stepDown.ms,
    isTakenOver: seen.leader !== leader && seen.epoch === epoch + 1,
  };
}

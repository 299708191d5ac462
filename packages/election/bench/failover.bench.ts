/**
 * Hand-over and failover of five real processes, one at a time: the commands `failover` and `hand-over` do a hundred and
 * print quantiles, next to etcd. One cluster serves both rows. No row may be faster than its floor.
 */
import type { Contender, Row } from "../../../bench/row.js";
import { failoverRound } from "./failover/failover-round.js";
import { twoStores } from "./floors/two-stores.js";
import { handOverRound } from "./hand-over/hand-over-round.js";
import { ElectionCluster } from "./processes/election-cluster.js";
import { EARLIEST_FAILOVER_MS, FAST_REPORT_MS } from "./processes/fast-times.js";

let running: ElectionCluster | undefined;

function ofCluster(measure: (cluster: ElectionCluster) => Promise<number>, close?: () => Promise<void>): Contender {
  return {
    prepare: async () => {
      if (running !== undefined) return;
      running = new ElectionCluster({ nodes: 5, mode: "quorum", preset: "fast" });
      await running.start();
    },
    measure: async () => {
      if (running === undefined) throw new Error("prepare() comes first");
      return await measure(running);
    },
    ...(close === undefined ? {} : { close }),
  };
}

/** The hand-over comes first: behind a kill, the cluster settles when the killed node's quarantine is over. */
export const rows: readonly Row[] = [
  {
    what: "election: hand-over, nobody leads, 5 nodes, quorum, fast; floor: two files stored",
    floor: { measure: twoStores },
    ours: ofCluster(async (cluster) => (await handOverRound(cluster, FAST_REPORT_MS)).leaderlessMs),
    unit: "ms",
    barOn: "value",
    bar: 200,
    direction: "at most",
    rounds: 11,
  },
  {
    what: "election: failover after kill -9 of the leader, 5 nodes, quorum, fast; floor: the earliest of E57",
    floor: { measure: () => EARLIEST_FAILOVER_MS },
    ours: ofCluster(
      async (cluster) => (await failoverRound(cluster, FAST_REPORT_MS)).followedMs,
      async () => {
        await running?.[Symbol.asyncDispose]();
        running = undefined;
      },
    ),
    unit: "ms",
    barOn: "value",
    bar: 2_000,
    direction: "at most",
    rounds: 11,
  },
];

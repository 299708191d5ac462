/**
 * `hand-over [--rounds 100]`: five processes of the built files in quorum mode, preset fast; the leader resigns. How long
 * nobody leads, from the `stepDown` of the old leader to the `elected` of the new one, and until all follow it.
 * Exits 1 where something fails, 2 where the bar is not met.
 */
import { parseArgs } from "node:util";
import { firstClaim } from "../failover/kill-rounds.js";
import { randomWait } from "../failover/random-wait.js";
import { ElectionCluster } from "../processes/election-cluster.js";
import { machineLine } from "../processes/machine-line.js";
import { judgeTimes, timesTable } from "../processes/times.js";

const NODES = 5;
/** R of preset fast. */
const REPORT_MS = 375;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "100" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds must be a whole number from 1");

console.log(`${machineLine()}\n`);
const without: number[] = [];
const followed: number[] = [];
const asked: number[] = [];
/** Hand-overs whose new leader was not the first claim, or came by an election. */
let failed = 0;
await using cluster = new ElectionCluster({ nodes: NODES, mode: "quorum", preset: "fast" });
await cluster.start();
for (let round = 1; round <= rounds; round++) {
  const { leader, epoch } = await cluster.settled();
  await randomWait(REPORT_MS);
  const resignedAt = cluster.resign(leader);
  const stepDown = await cluster.until(`round ${round}: ${leader} steps down`, () =>
    cluster.log.since(resignedAt).find(({ event, node }) => event === "stepDown" && node === leader),
  );
  const seen = await cluster.until(`round ${round}: a leader after ${leader}`, () =>
    firstClaim(cluster.log.since(resignedAt), cluster.ids),
  );
  if (seen.leader === leader || seen.epoch !== epoch + 1) failed++;
  asked.push(stepDown.ms - resignedAt);
  without.push(seen.electedAt - stepDown.ms);
  followed.push(seen.followedAt - stepDown.ms);
  cluster.log.forget(seen.followedAt);
}

const name = `${NODES} nodes, quorum, fast`;
console.log(
  timesTable([
    { what: `${name}: asked to resign, until it steps down`, ms: asked },
    { what: `${name}: nobody leads`, ms: without },
    { what: `${name}: stepped down, until all follow another`, ms: followed },
  ]),
);
const judged = judgeTimes({ what: `${name}: nobody leads`, ms: without }, [{ quantile: 0.99, atMostMs: 200 }]);
console.log(`\n${rounds - failed} of ${rounds} were taken over in the next epoch\n\n${judged.text}`);
process.exitCode = judged.met ? 0 : 2;

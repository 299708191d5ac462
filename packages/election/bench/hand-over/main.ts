/**
 * `hand-over [--rounds 100]`: five processes of the built files in quorum mode, preset fast; the leader resigns. How long
 * nobody leads, from the `stepDown` of the old leader to the `elected` of the new one, and until all follow it.
 * Exits 1 where something fails, 2 where the bar is not met.
 */
import { parseArgs } from "node:util";
import { ElectionCluster } from "../processes/election-cluster.js";
import { FAST_REPORT_MS } from "../processes/fast-times.js";
import { machineLine } from "../processes/machine-line.js";
import { judgeTimes, timesTable } from "../processes/times.js";
import { type HandOverTimes, handOverRound } from "./hand-over-round.js";

const NODES = 5;

const { values } = parseArgs({ options: { rounds: { type: "string", default: "100" } } });
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds must be a whole number from 1");

console.log(`${machineLine()}\n`);
const times: HandOverTimes[] = [];
await using cluster = new ElectionCluster({ nodes: NODES, mode: "quorum", preset: "fast" });
await cluster.start();
for (let round = 1; round <= rounds; round++) times.push(await handOverRound(cluster, FAST_REPORT_MS));

const leaderlessMs = times.map((one) => one.leaderlessMs);
const takenOver = times.filter((one) => one.isTakenOver).length;
const name = `${NODES} nodes, quorum, fast`;
console.log(
  timesTable([
    { what: `${name}: asked to resign, until it steps down`, ms: times.map((one) => one.steppedDownMs) },
    { what: `${name}: nobody leads`, ms: leaderlessMs },
    { what: `${name}: stepped down, until all follow another`, ms: times.map((one) => one.followedMs) },
  ]),
);
const judged = judgeTimes({ what: `${name}: nobody leads`, ms: leaderlessMs }, [{ quantile: 0.99, atMostMs: 200 }]);
console.log(`\n${takenOver} of ${rounds} were taken over in the next epoch\n\n${judged.text}`);
process.exitCode = judged.met ? 0 : 2;

/**
 * `failover [--rounds 100] [--mode quorum|available|both] [--etcd yes|no] [--etcd-command etcd] [--verbose]`: five
 * processes of the built files, preset fast; the leader is killed with SIGKILL; how long until every survivor follows
 * another. Beside it a 3-node etcd in the same session. The bars are those of quorum mode. Exits 1 where something fails, 2 where a bar is not met.
 */
import { parseArgs } from "node:util";
import { ElectionCluster } from "../processes/election-cluster.js";
import { FAST_REPORT_MS } from "../processes/fast-times.js";
import { machineLine } from "../processes/machine-line.js";
import { randomWait } from "../processes/random-wait.js";
import { judgeTimes, type Times, timesTable } from "../processes/times.js";
import { EtcdCluster, type EtcdTimes, etcdVersion, POLL_MS } from "./etcd-cluster.js";
import { type FailoverTimes, failoverRound } from "./failover-round.js";

const NODES = 5;
const bars = [
  { quantile: 0.5, atMostMs: 2_000 },
  { quantile: 0.99, atMostMs: 3_500 },
];

/**
 * etcd's followers stand for election a random one to two election timeouts after the last heartbeat. Ours stand F L
 * (1,650 ms) after the last Ack. "Scaled": the timeout is L of preset fast, and the heartbeat the longest that etcd takes
 * with it, a fifth (R of fast is a quarter of L).
 */
const etcds: readonly (EtcdTimes & { readonly what: string })[] = [
  { what: "etcd, 3 members, its defaults", heartbeatMs: 100, electionMs: 1_000 },
  { what: "etcd, 3 members, scaled to fast", heartbeatMs: 300, electionMs: 1_500 },
];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "100" },
    mode: { type: "string", default: "both" },
    etcd: { type: "string", default: "yes" },
    "etcd-command": { type: "string", default: "etcd" },
    verbose: { type: "boolean", default: false },
  },
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError("--rounds must be a whole number from 1");
if (!["quorum", "available", "both"].includes(values.mode)) {
  throw new RangeError("--mode must be quorum, available or both");
}
const progress = (line: string): void => {
  if (values.verbose) console.error(line);
};

console.log(`${machineLine()}\n`);
const rows: Times[] = [];
const notes: string[] = [];
let judged: ReturnType<typeof judgeTimes> | undefined;
for (const mode of ["quorum", "available"] as const) {
  if (values.mode !== "both" && values.mode !== mode) continue;
  const name = `${NODES} nodes, ${mode}, fast`;
  const times: FailoverTimes[] = [];
  await using cluster = new ElectionCluster({ nodes: NODES, mode, preset: "fast" });
  await cluster.start();
  for (let round = 1; round <= rounds; round++) {
    const one = await failoverRound(cluster, FAST_REPORT_MS);
    times.push(one);
    progress(`${mode}, round ${round}: ${one.leader} after ${one.killed}, ${one.followedMs.toFixed(0)} ms`);
  }
  const followedMs = times.map((one) => one.followedMs);
  const electedMs = times.map((one) => one.electedMs);
  const passedOver = times.reduce((sum, one) => sum + one.passedOver, 0);
  rows.push({ what: `${name}: another leads`, ms: electedMs }, { what: `${name}: all follow it`, ms: followedMs });
  notes.push(`${name}: ${passedOver} leaders were elected that not all survivors came to follow`);
  if (mode === "quorum") judged = judgeTimes({ what: `${name}: all follow another`, ms: followedMs }, bars);
}

const version = values.etcd === "yes" ? await etcdVersion(values["etcd-command"]) : undefined;
if (values.etcd === "yes" && version === undefined) notes.push("etcd: not installed, not measured");
for (const { what, ...times } of version === undefined ? [] : etcds) {
  const ms: number[] = [];
  await using cluster = new EtcdCluster(values["etcd-command"], times);
  await cluster.start();
  for (let round = 1; round <= rounds; round++) {
    const leader = await cluster.settled();
    await randomWait(times.heartbeatMs);
    ms.push(await cluster.killLeader(leader));
    progress(`${what}, round ${round}: ${ms.at(-1)?.toFixed(0)} ms`);
    cluster.startMember(leader);
  }
  rows.push({ what: `${what}: all name another`, ms });
  notes.push(
    `${what}: version ${version}, heartbeat ${times.heartbeatMs} ms, election timeout ${times.electionMs} ms, asked every ${POLL_MS} ms`,
  );
}

console.log(`${timesTable(rows)}\n\n${notes.join("\n")}`);
if (judged !== undefined) console.log(`\n${judged.text}`);
process.exitCode = judged?.met === false ? 2 : 0;

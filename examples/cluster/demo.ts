/** The demo's chapter on elections: five processes elect a leader, it is killed, and another leads. And a cluster to look at after it. */
import { once } from "node:events";
import { Cluster } from "./src/cluster.js";

const NODES = 5;
/** About 2 s with the preset `fast`: a promise of 1.65 s has to end before anybody else may lead. The rest is for slow machines. */
const MOST_MS = 8_000;

export async function run(): Promise<string> {
  await using cluster = new Cluster({ nodes: NODES, mode: "quorum" });
  await cluster.start();
  console.log(`${NODES} processes of \`election run --mode quorum --preset fast\` listen; each has a dashboard`);
  const first = await cluster.agreement();
  console.log(`  all of them follow ${first.leader}, elected in epoch ${first.epoch}`);

  const killedAt = process.hrtime.bigint();
  await cluster.kill(first.leader);
  console.log(`  ${first.leader} is killed with SIGKILL`);
  const survivors = cluster.ids.filter((id) => id !== first.leader);
  const second = await cluster.agreement(survivors);
  const failoverMs = Number(second.since - killedAt) / 1e6;
  console.log(
    `  ${failoverMs.toFixed(0)} ms after the kill all survivors follow ${second.leader}, elected in epoch ${second.epoch}`,
  );
  if (second.epoch <= first.epoch) throw new Error(`epoch ${second.epoch} is not above ${first.epoch}`);
  if (!(failoverMs > 0 && failoverMs < MOST_MS)) throw new Error(`the failover took ${failoverMs} ms`);

  console.log("\n  epoch  leader  end");
  for (const [{ epoch, leader }, end] of [
    [first, "killed"],
    [second, "leads"],
  ] as const) {
    console.log(`  ${String(epoch).padEnd(5)}  ${leader.padEnd(6)}  ${end}`);
  }
  return `five processes elected ${first.leader}; ${failoverMs.toFixed(0)} ms after its SIGKILL the four others followed ${second.leader}`;
}

/** Starts a cluster, says where its dashboard is, and ends it when it is told to. @param say is given the address, once all follow one leader */
export async function stay(signal: AbortSignal, say: (line: string) => void = console.log): Promise<void> {
  await using cluster = new Cluster({ nodes: NODES, mode: "quorum" });
  await cluster.start();
  const { leader } = await cluster.agreement();
  say(`\n${NODES} nodes follow ${leader}; their dashboard is on ${cluster.status(leader).dashboard} until Ctrl-C`);
  if (!signal.aborted) await once(signal, "abort");
}

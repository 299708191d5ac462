/**
 * `pnpm --filter @lab/broadcast fan-out [--rounds 7] [--subscribers 10,100] [--peers a,b]`: deliveries per second of messages
 * of 128 bytes, one publisher, next to a bare loop that copies chunks, all peers in turn in each round; then the median
 * latency at 500 messages per second. Each peer's server, subscribers and publisher are three processes.
 */
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { Measurement } from "./measurement.js";
import { type PeerName, peerNames } from "./peers/index.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    subscribers: { type: "string", default: "10,100" },
    peers: { type: "string", default: peerNames.join(",") },
    latency: { type: "string", default: "yes" },
  },
});

/** Deliveries in one round of a peer: about a second of work. */
const DELIVERIES: Readonly<Record<PeerName, number>> = {
  floor: 10_000_000,
  ours: 5_000_000,
  "ours-written": 2_000_000,
  "nats-core": 2_500_000,
  jetstream: 200_000,
  "redis-pubsub": 800_000,
  "redis-streams": 600_000,
  ws: 300_000,
  "socket.io": 200_000,
};

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;

async function compare(
  title: string,
  peers: readonly PeerName[],
  open: (peer: PeerName) => Measurement,
  unit: string,
): Promise<void> {
  const figures = new Map<PeerName, number[]>(peers.map((peer) => [peer, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const peer of peers) {
      await using measurement = open(peer);
      await measurement.prepare();
      await measurement.round(); // warm
      figures.get(peer)?.push(await measurement.round());
    }
  }
  const floor = median(figures.get("floor") ?? []);
  console.log(`\n${title}, ${values.rounds} rounds in turn, medians (least to most)`);
  for (const [peer, numbers] of figures) {
    const middle = median(numbers);
    const range = `${Math.round(Math.min(...numbers))} to ${Math.round(Math.max(...numbers))}`;
    const ratio = (middle / floor).toFixed(3);
    console.log(
      `${peer.padEnd(14)} ${String(Math.round(middle)).padStart(10)} ${unit}  ${ratio.padStart(7)}  (${range})`,
    );
  }
}

const peers = values.peers.split(",") as PeerName[];
console.log(`${availableParallelism()} cores, load ${loadavg()[0]?.toFixed(2)}, Node ${process.versions.node}`);
for (const subscribers of values.subscribers.split(",").map(Number)) {
  const open = (peer: PeerName): Measurement =>
    new Measurement({ peer, subscribers, messages: Math.ceil(DELIVERIES[peer] / subscribers) });
  await compare(`${subscribers} subscribers, 128 bytes`, peers, open, "deliveries/s");
}
if (values.latency === "yes") {
  const setting = { subscribers: 10, messages: 1_000, perSecond: 500 };
  const open = (peer: PeerName): Measurement => new Measurement({ ...setting, peer });
  await compare(
    "10 subscribers, 500 messages/s",
    peers.filter((peer) => peer !== "jetstream"),
    open,
    "us median",
  );
}

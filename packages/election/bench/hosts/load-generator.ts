/**
 * Many hosts in one process: `load-generator.ts OPTIONS` (JSON: GeneratorOptions). Each has its own connection, id and
 * incarnation, asks who leads, and reports every `reportMs` with an echo of the last Ack; their reports are spread over
 * the interval. Prints a line of JSON once all have joined, and the counts at each SIGUSR2.
 */
import { built } from "../../../../bench/built.js";
import { loopLag } from "./loop-lag.js";
import { checkPatching } from "./report-frame.js";
import { type Counts, SimulatedHost } from "./simulated-host.js";

export interface GeneratorOptions {
  readonly port: number;
  readonly hosts: number;
  readonly reportMs: number;
  readonly sourceAddresses: readonly string[];
  /** Given where the peer is a floor. */
  readonly ackBytesOfFloor?: number;
}

/** Connections that are being made at once. */
const JOINING_AT_ONCE = 100;

const core = await built<typeof import("../../src/core/index.js")>("election", "core");
const options = JSON.parse(process.argv[2] ?? "") as GeneratorOptions;
const { port, hosts: count, reportMs, sourceAddresses } = options;
const counts: Counts = {
  reports: 0,
  acks: 0,
  wrong: 0,
  late: 0,
  closed: 0,
  reportBytes: 0,
  ackBytes: 0,
  firstFault: "",
};
// Of a leader in available mode, in both presets of which a lease is four intervals.
const settings = core.settingsOf({ mode: "available", leaseMs: 4 * reportMs, promiseFactor: 1.1, members: [] });
const header = { epoch: 3, incarnation: "00112233445566aa", settings, cluster: "lab", sender: "host-000000" };
checkPatching(core, { header, address: "127.0.0.2:10000", hostName: "host-000000" });

const hosts: SimulatedHost[] = [];
const lag = loopLag();
const say = (event: string): void => console.log(JSON.stringify({ event, ...counts, ...lag() }));
process.on("SIGUSR2", () => say("counts"));
process.once("SIGTERM", () => process.exit(0));

// The turn goes round: at any time all hosts up to a place have reported, as far as they have joined.
const began = performance.now();
let turn = 0;
setInterval(() => {
  const now = performance.now();
  const wall = Date.now();
  const until = Math.floor(((now - began) / reportMs) * count);
  for (; turn < until; turn++) hosts[turn % count]?.report(cpuHundredths(turn), wall);
}, 1);

/** Changes with each report, so that ranks do; never so low that the leader would hand over. */
function cpuHundredths(turn: number): number {
  return 6_000 + ((turn * 7_919) % 4_001);
}

async function join(): Promise<void> {
  while (hosts.length < count) {
    const index = hosts.length;
    const localAddress = sourceAddresses.length > 1 ? sourceAddresses[index % sourceAddresses.length] : undefined;
    const ackBytesOfFloor = options.ackBytesOfFloor;
    const host = new SimulatedHost({ core, counts, settings, port, localAddress, index, ackBytesOfFloor });
    hosts.push(host);
    await host.joined;
  }
}
await Promise.all(Array.from({ length: JOINING_AT_ONCE }, join));
say("joined");

/**
 * One process of a measurement: `role.ts PEER server`, `role.ts PEER subscribers ADDRESS COUNT PER_ROUND [times]` or
 * `role.ts PEER publisher ADDRESS PER_ROUND [PER_SECOND]`; or all three, `role.ts PEER all COUNT PER_ROUND PER_SECOND`, where
 * nothing but that it works is of interest. Says `ready ...` when it is; the publisher publishes a round at
 * each SIGUSR2. `began` and `done` come with the round and the machine's monotonic time in nanoseconds.
 */
import { payload, stamp } from "./peer.js";
import { loadPeer } from "./peers/index.js";
import { CountingTally } from "./tally.js";

const [name = "", role, ...args] = process.argv.slice(2);
const peer = await loadPeer(name);
process.on("SIGTERM", () => process.exit(0));

const now = (): string => process.hrtime.bigint().toString();

if (role === "server") console.log(`ready ${await peer.serve()}`);
else if (role === "all") await all(Number(args[0]), Number(args[1]), Number(args[2]));
else if (role === "subscribers") await subscribe(args[0] ?? "", Number(args[1]), Number(args[2]), args[3] === "times");
else await publish(args[0] ?? "", Number(args[1]), Number(args[2] ?? 0));

async function all(count: number, perRound: number, perSecond: number): Promise<void> {
  const address = await peer.serve();
  await subscribe(address, count, perRound, perSecond > 0);
  await publish(address, perRound, perSecond);
  console.log("all ready");
}

async function subscribe(address: string, count: number, perRound: number, times: boolean): Promise<void> {
  let waitsFor = count;
  let round = 0;
  const tallies: CountingTally[] = [];
  const onRound = (): void => {
    waitsFor--;
    if (waitsFor > 0) return;
    waitsFor = count;
    round++;
    console.log(
      `done ${round} ${now()}${times ? ` ${median(tallies.flatMap((one) => one.latenciesUs.splice(0)))}` : ""}`,
    );
  };
  for (let index = 0; index < count; index++) {
    const tally = new CountingTally(perRound, times, onRound);
    tallies.push(tally);
    await peer.subscribe(address, tally);
  }
  console.log("ready");
}

async function publish(address: string, perRound: number, perSecond: number): Promise<void> {
  const publishMany = await peer.publisher(address);
  const payloads = Array.from({ length: perRound }, (_, index) => payload(index));
  let round = 0;
  process.on("SIGUSR2", async () => {
    round++;
    console.log(`began ${round} ${now()}`);
    if (perSecond === 0) await publishMany(payloads);
    else await publishSteadily(publishMany, payloads, perSecond);
  });
  console.log("ready");
}

async function publishSteadily(
  publishMany: (payloads: readonly Uint8Array[]) => Promise<void>,
  payloads: readonly Uint8Array[],
  perSecond: number,
): Promise<void> {
  const began = performance.now();
  for (const [index, one] of payloads.entries()) {
    const due = began + (index * 1_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    stamp(one);
    void publishMany([one]);
  }
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** The bars of throughput and latency, next to a bare loop that copies chunks, and next to what people use. */
import { spawnSync } from "node:child_process";
import type { Contender, Row } from "../../../bench/row.js";
import { Measurement } from "./fan-out/measurement.js";
import type { PeerName } from "./fan-out/peers/index.js";

interface Load {
  readonly subscribers: number;
  readonly deliveries: number;
  readonly perSecond?: number;
}

/** Enough to go through all of it. */
const SMOKE = { subscribers: 2, messages: 100, together: true };

/** The processes of one peer, kept for all rounds of a row. */
function contender(peer: PeerName, { subscribers, deliveries, perSecond }: Load): Contender {
  let measurement: Measurement | undefined;
  return {
    measure: async (smoke) => {
      if (measurement === undefined) {
        const load = smoke ? SMOKE : { subscribers, messages: Math.ceil(deliveries / subscribers) };
        measurement = new Measurement({ peer, ...load, ...(perSecond !== undefined && { perSecond }) });
        await measurement.prepare();
        if (!smoke) await measurement.round(); // warm
      }
      return await measurement.round();
    },
    close: async () => {
      await measurement?.[Symbol.asyncDispose]();
    },
  };
}

const ten = { subscribers: 10, deliveries: 5_000_000 };
const hundred = { subscribers: 100, deliveries: 5_000_000 };
const steady = { subscribers: 10, deliveries: 10_000, perSecond: 500 };

const throughput = (load: Load, peer: PeerName, bar: number, than: PeerName, thanLoad: Load, text: string): Row => ({
  what: `broadcast: ${text}`,
  floor: contender(than, thanLoad),
  ours: contender(peer, load),
  unit: "deliveries/s",
  bar,
  direction: "at least",
});

const nats: readonly Row[] =
  spawnSync("nats-server", ["--version"]).error !== undefined
    ? []
    : [
        throughput(
          ten,
          "ours",
          1.5,
          "nats-core",
          { ...ten, deliveries: 1_000_000 },
          "10 subscribers, next to NATS core",
        ),
        throughput(
          hundred,
          "ours",
          1.5,
          "nats-core",
          { ...hundred, deliveries: 1_000_000 },
          "100 subscribers, next to NATS core",
        ),
        throughput(
          { ...ten, deliveries: 2_000_000 },
          "ours-written",
          5,
          "jetstream",
          { ...ten, deliveries: 100_000 },
          "10 subscribers, written to disk, next to JetStream in files",
        ),
      ];

export const rows: readonly Row[] = [
  throughput(ten, "ours", 0.45, "floor", ten, "10 subscribers, log in memory"),
  throughput(hundred, "ours", 0.45, "floor", hundred, "100 subscribers, log in memory"),
  ...nats,
  {
    what: "broadcast: median latency at 500 messages/s, 10 subscribers",
    floor: contender("floor", steady),
    ours: contender("ours", steady),
    unit: "us",
    bar: 1.2,
    direction: "at most",
  },
];

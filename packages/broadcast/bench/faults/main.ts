/**
 * `pnpm --filter @lab/broadcast faults [--rounds 5] [--short] [--rows a,b,c,d]`: what is lost, repeated and out of order, and
 * how long a subscriber hears nothing, when (a) its connection is cut every 400 ms in mid-frame, (b) the publisher's is, (c) the
 * server is killed and started again on its durable log (`written`); and (d) what a reader that stops for 13 s at
 * 5,000 x 1 KiB/s costs the others and the server's memory, next to a control that buffers. `--short` goes through all of it in
 * seconds, and judges no time and no memory. Exits with 1 where a bar is not met.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { type Fault, type FaultResult, faultRound, type Load } from "./fault-round.js";
import { type Column, table } from "./report.js";
import { controlGrowth, type StoppedReaderResult, stoppedReader } from "./stopped-reader/run.js";

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    short: { type: "boolean", default: false },
    sources: { type: "boolean", default: false },
    rows: { type: "string", default: "a,b,c,d" },
  },
});
const rounds = values.short ? 1 : Number(values.rounds);
const from = values.sources ? "sources" : "built";
const rows = values.rows.split(",");

const MOST_SILENCE_MS = 500;
/** Below what the load brings while a reader has stopped: the control must be above the bar. */
const HISTORY_BYTES = 8 * 2 ** 20;
const MOST_GROWTH_BYTES: number = HISTORY_BYTES + 30e6;

let missed = 0;
const judged = (met: boolean): string => {
  if (met) return "met";
  missed++;
  return "NOT MET";
};

const FAULTS: Readonly<Record<string, { readonly fault: Fault; readonly forMs: number; readonly everyMs: number }>> = {
  a: { fault: "subscriber cut", forMs: 6_000, everyMs: 400 },
  b: { fault: "publisher cut", forMs: 6_000, everyMs: 400 },
  c: { fault: "server killed", forMs: 8_000, everyMs: 1_500 },
};

const whole = (value: number): string => String(Math.round(value));
const mib = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

type FaultRow = { readonly fault: Fault; readonly round: number; readonly result: FaultResult };

const faultColumns: readonly Column<FaultRow>[] = [
  ["what", ({ fault }) => fault],
  ["round", ({ round }) => String(round)],
  ["published", ({ result }) => String(result.published)],
  ["faults", ({ result }) => String(result.faults)],
  ["lost", ({ result }) => String(result.lost)],
  ["duplicated", ({ result }) => String(result.duplicated)],
  ["out of order", ({ result }) => String(result.outOfOrder)],
  ["not acknowledged", ({ result }) => String(result.unacknowledged)],
  ["unknown", ({ result }) => String(result.unknown)],
  ["restart ms", ({ result }) => (result.restartMs === 0 ? "-" : whole(result.restartMs))],
  ["silence ms", ({ result }) => whole(result.silenceMs)],
  ["0 / 0 / 0", ({ result: { lost, duplicated, outOfOrder } }) => judged(lost + duplicated + outOfOrder === 0)],
  [
    `silence <= ${MOST_SILENCE_MS} ms`,
    ({ result }) => (values.short ? "not judged" : judged(result.silenceMs <= MOST_SILENCE_MS)),
  ],
];

async function faults(): Promise<void> {
  const results: FaultRow[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const row of rows) {
      const found = FAULTS[row];
      if (found === undefined) continue;
      const { fault, forMs, everyMs } = found;
      const load: Load = { from, perSecond: 1_000, forMs: values.short ? 1_500 : forMs, everyMs, seed: round };
      results.push({ fault, round, result: await faultRound(fault, values.short ? { ...load, everyMs: 400 } : load) });
    }
  }
  if (results.length === 0) return;
  console.log(`\n1,000 messages/s, one publisher, one subscriber, ${rounds} rounds in turn`);
  console.log("silence of a killed server: from when the new process listens until the next message is heard\n");
  console.log(table(faultColumns, results));
}

type StoppedRow = { readonly round: number; readonly result: StoppedReaderResult; readonly control: number };

const phase = (of: "before" | "stopped") => [
  [`p50 ${of}`, ({ result }: StoppedRow) => `${result.readers[of].p50Ms.toFixed(1)} ms`] as const,
  [`p99 ${of}`, ({ result }: StoppedRow) => `${result.readers[of].p99Ms.toFixed(0)} ms`] as const,
  [`max ${of}`, ({ result }: StoppedRow) => `${result.readers[of].maxMs.toFixed(0)} ms`] as const,
  [`silence ${of}`, ({ result }: StoppedRow) => `${result.readers[of].silenceMs.toFixed(0)} ms`] as const,
];

const stoppedColumns: readonly Column<StoppedRow>[] = [
  ["round", ({ round }) => String(round)],
  ...phase("before"),
  ...phase("stopped"),
  ["others' faults", ({ result }) => String(result.readers.faults)],
  ["got", ({ result }) => String(result.got)],
  ["told", ({ result }) => String(result.told)],
  ["all", ({ result }) => String(result.all)],
  ["got + told = all", ({ result: { got, told, all } }) => judged(got + told === all)],
  ["still held", ({ result }) => mib(result.heldBytes)],
  ["growth", ({ result }) => mib(result.growthBytes)],
  [
    `growth <= ${mib(MOST_GROWTH_BYTES)}`,
    ({ result }) => (values.short ? "not judged" : judged(result.growthBytes <= MOST_GROWTH_BYTES)),
  ],
  ["control", ({ control }) => mib(control)],
  ["control fails", ({ control }) => (values.short ? "not judged" : judged(control > MOST_GROWTH_BYTES))],
];

async function stopped(): Promise<void> {
  if (!rows.includes("d")) return;
  const schedule = values.short
    ? { perSecond: 5_000, beforeMs: 500, stoppedMs: 3_000, afterMs: 500 }
    : { perSecond: 5_000, beforeMs: 5_000, stoppedMs: 13_000, afterMs: 3_000 };
  const results: StoppedRow[] = [];
  for (let round = 1; round <= rounds; round++) {
    const result = await stoppedReader(from, schedule, HISTORY_BYTES);
    results.push({ round, result, control: await controlGrowth(schedule) });
  }
  console.log(
    `\n5,000 x 1 KiB/s, a history of ${mib(HISTORY_BYTES)}, one reader stops for ${schedule.stoppedMs / 1_000} s`,
  );
  console.log("growth: the resident memory of the server process, above what it was when the reader stopped\n");
  console.log(table(stoppedColumns, results));
}

console.log(`Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(2)}, from the ${from} files`);
await faults();
await stopped();
if (missed > 0) {
  console.log(`\n${missed} not met`);
  process.exitCode = 1;
}

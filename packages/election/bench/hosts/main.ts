/**
 * `hosts [--hosts 10000] [--seconds 60] [--rounds 1] [--cpu-prof FOLDER]`: what one leader of many hosts costs, with the
 * default preset: CPU of its process alone, false disconnections, lag of its loop, memory. Beside it a bare Node server
 * under the same load. A third process is the hosts. Nothing is pinned to a core. CPU is measured in windows of 6 s (two
 * pulses, four reports). Exits 1 where an answer was wrong, 2 where the bar is not met.
 */
import { parseArgs } from "node:util";
import { quantile } from "../../../../bench/row.js";
import { machineLine } from "../processes/machine-line.js";
import { reservePorts } from "../processes/reserve-ports.js";
import { markdown } from "../processes/times.js";
import { limitsFor } from "./limits.js";
import { type Measured, measureServer } from "./measure-server.js";

const BAR_PERCENT = 25;
const WINDOW_MS = 6_000;

const { values } = parseArgs({
  options: {
    hosts: { type: "string", default: "10000" },
    seconds: { type: "string", default: "60" },
    rounds: { type: "string", default: "1" },
    "cpu-prof": { type: "string" },
  },
});
const hosts = natural("hosts", values.hosts);
const rounds = natural("rounds", values.rounds);
const seconds = natural("seconds", values.seconds);
const windows = Math.max(1, Math.floor((seconds * 1_000) / WINDOW_MS));
const windowMs = (seconds * 1_000) / windows;
const limits = limitsFor(hosts);

console.log(
  `${machineLine()}\n${hosts} connections: ${limits.descriptors} descriptors, from ${limits.sourceAddresses.length} addresses\n`,
);
const shared = { limits, hosts, windows, windowMs };
const ours: Measured[] = [];
const floors: Measured[] = [];
for (let round = 1; round <= rounds; round++) {
  // The floor's messages have the sizes of ours, so ours goes first.
  const measured = await measureOurs();
  ours.push(measured);
  const { reportBytes, ackBytes } = measured.counts;
  const args = [String(reportBytes), String(ackBytes)];
  floors.push(
    await measureServer({ ...shared, file: "./floor-server.ts", nodeArgs: [], args, ackBytesOfFloor: ackBytes }),
  );
}

async function measureOurs(): Promise<Measured> {
  const [port = 0] = await reservePorts(1);
  const folder = values["cpu-prof"];
  const nodeArgs = folder === undefined ? [] : ["--cpu-prof", "--cpu-prof-dir", folder];
  const args = [String(port), String(hosts + 100)];
  return await measureServer({ ...shared, file: "./leader-process.ts", nodeArgs, args });
}

const cpuOf = (all: readonly Measured[]): readonly number[] => all.flatMap(({ cpuPercent }) => cpuPercent);
const median = (all: readonly Measured[]): number => quantile(cpuOf(all), 0.5);
const row = (what: string, all: readonly Measured[]): readonly string[] => [
  what,
  `${median(all).toFixed(1)} %`,
  `${Math.min(...cpuOf(all)).toFixed(1)} to ${Math.max(...cpuOf(all)).toFixed(1)} %`,
  quantile(
    all.map(({ acksPerSecond }) => acksPerSecond),
    0.5,
  ).toFixed(0),
  Math.max(...all.map(({ lagP99Ms }) => lagP99Ms)).toFixed(0),
  Math.max(...all.map(({ lagMaxMs }) => lagMaxMs)).toFixed(0),
  Math.max(...all.map(({ rssMiB }) => rssMiB)).toFixed(0),
  Math.max(...all.map(({ generator }) => generator.lagMaxMs)).toFixed(0),
];
const titles = [
  `${hosts} hosts`,
  "CPU (median)",
  "windows of 6 s",
  "answers/s",
  "lag p99 (ms)",
  "lag max (ms)",
  "RSS (MiB)",
  "generator's lag max (ms)",
];
console.log(markdown([titles, row("the leader", ours), row("bare Node loop", floors)]));

const faults = ours.flatMap(faultsOf);
for (const { counts } of floors) if (counts.wrong > 0) faults.push(`the floor: ${counts.firstFault}`);
const [one] = ours;
console.log(
  [
    "",
    `${rounds} rounds of ${windows} windows of ${(windowMs / 1_000).toFixed(1)} s; all joined after ${one?.joinSeconds.toFixed(1)} s; reports of ${one?.counts.reportBytes} bytes, acks of ${one?.counts.ackBytes}`,
    `acks: ${sum(ours, ({ counts }) => counts.acks)}, wrong ${sum(ours, ({ counts }) => counts.wrong)}, late by a report interval ${sum(ours, ({ counts }) => counts.late)}`,
    `rows at each pulse: ${[...new Set(ours.flatMap(({ rows }) => rows))].join(", ")}; not live ${most(ours, ({ mostNotLive }) => mostNotLive)}, disconnected ${most(ours, ({ mostDisconnected }) => mostDisconnected)}, connections closed ${sum(ours, ({ counts }) => counts.closed)}`,
    ...faults,
    "",
    `ratio to the bare loop: ${(median(ours) / median(floors)).toFixed(2)}`,
    `CPU of one core: ${median(ours).toFixed(1)} %, bar <= ${BAR_PERCENT} %: ${median(ours) <= BAR_PERCENT ? "met" : "not met"}`,
    `hosts falsely disconnected: ${most(ours, ({ mostDisconnected }) => mostDisconnected)}, bar 0: ${most(ours, ({ mostDisconnected }) => mostDisconnected) === 0 ? "met" : "not met"}`,
  ].join("\n"),
);
const met = median(ours) <= BAR_PERCENT && ours.every(({ mostDisconnected }) => mostDisconnected === 0);
process.exitCode = faults.length > 0 ? 1 : met ? 0 : 2;

function faultsOf({ counts, rows, surprises }: Measured): string[] {
  const found = surprises.map((line) => `the leader said: ${line}`);
  if (counts.wrong > 0) found.push(`wrong: ${counts.firstFault}`);
  if (counts.closed > 0) found.push(`${counts.closed} connections were closed`);
  if (rows.some((count) => count !== hosts + 1)) found.push(`the table has not ${hosts + 1} rows at each pulse`);
  return found;
}

function sum(all: readonly Measured[], of: (measured: Measured) => number): number {
  return all.reduce((total, measured) => total + of(measured), 0);
}

function most(all: readonly Measured[], of: (measured: Measured) => number): number {
  return Math.max(...all.map(of));
}

function natural(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number from 1`);
  return value;
}

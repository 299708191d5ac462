/**
 * `hosts [--hosts 10000] [--seconds 60] [--rounds 1] [--cpu-prof FOLDER]`: what one leader of many hosts costs, with the
 * default preset: CPU of its process alone, false disconnections, lag of its loop, memory. Beside it a bare Node server
 * under the same load. A third process is the hosts. Nothing is pinned to a core. CPU is measured in windows of 6 s (two
 * pulses, four reports). Exits 1 where an answer was wrong, 2 where the bar is not met.
 */
import { parseArgs } from "node:util";
import { quantile } from "../../../../bench/row.js";
import { machineLine } from "../processes/machine-line.js";
import { markdown } from "../processes/times.js";
import { startFloor, startLeader } from "./leader-and-floor.js";
import { limitsFor } from "./limits.js";
import type { LoadedServer, Summary, Window } from "./loaded-server.js";

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
const options = { hosts, limits: limitsFor(hosts), preset: "default", profileFolder: values["cpu-prof"] } as const;

interface Measured extends Summary {
  readonly windows: readonly Window[];
}

console.log(
  `${machineLine()}\n${hosts} connections: ${options.limits.descriptors} descriptors, from ${options.limits.sourceAddresses.length} addresses\n`,
);
const ours: Measured[] = [];
const floors: Measured[] = [];
for (let round = 1; round <= rounds; round++) {
  // The floor's messages have the sizes of ours, so ours goes first.
  const measured = await measure(await startLeader(options));
  ours.push(measured);
  floors.push(await measure(startFloor(options, measured.counts)));
}
report();

async function measure(started: LoadedServer): Promise<Measured> {
  await using server = started;
  await server.join();
  const measured: Window[] = [];
  for (let window = 0; window < windows; window++) measured.push(await server.window(windowMs));
  return { ...(await server.summary()), windows: measured };
}

function report(): void {
  const titles = ["CPU (median)", "CPU (windows)", "answers/s", "lag p99 (ms)", "lag max (ms)", "RSS (MiB)"];
  const generators = ["generator: CPU", "lag max (ms)"];
  console.log(
    markdown([[`${hosts} hosts`, ...titles, ...generators], row("the leader", ours), row("bare loop", floors)]),
  );
  const sum = (of: (measured: Measured) => number): number => ours.reduce((total, one) => total + of(one), 0);
  const most = (of: (measured: Measured) => number): number => Math.max(...ours.map(of));
  const [first] = ours;
  const [cpu, disconnected] = [median(ours), most((one) => one.disconnected)];
  const faults = [...ours, ...floors].flatMap((measured) => measured.faults);
  const isMet = { cpu: cpu <= BAR_PERCENT, disconnected: disconnected === 0 };
  const verdict = (met: boolean): string => (met ? "met" : "not met");
  console.log(
    [
      "",
      `${rounds} rounds of ${windows} windows of ${windowMs / 1_000} s; all had joined after ${first?.joinSeconds.toFixed(1)} s; frames of reports have ${first?.counts.reportBytes} bytes, of acks ${first?.counts.ackBytes}`,
      `acks ${sum(({ counts }) => counts.acks)}, wrong ${sum(({ counts }) => counts.wrong)}, reports held back because the last was not acknowledged yet ${sum(({ counts }) => counts.late)}`,
      `rows at the pulses ${[...new Set(ours.flatMap(({ rows }) => rows))].join(", ")}; not live ${most(({ notLive }) => notLive)}, disconnected ${disconnected}; connections closed ${sum(({ counts }) => counts.closed)}`,
      ...faults,
      ...(options.profileFolder === undefined
        ? []
        : ["the leader was profiled, which took CPU of its own: not to be judged"]),
      "",
      `ratio to the bare loop: ${(cpu / median(floors)).toFixed(2)}`,
      `CPU: ${cpu.toFixed(1)} % of one core, bar <= ${BAR_PERCENT} %: ${verdict(isMet.cpu)}`,
      `hosts falsely disconnected: ${disconnected}, bar 0: ${verdict(isMet.disconnected)}`,
    ].join("\n"),
  );
  process.exitCode = faults.length > 0 ? 1 : isMet.cpu && isMet.disconnected ? 0 : 2;
}

function cpuOf(all: readonly Measured[]): readonly number[] {
  return all.flatMap((measured) => measured.windows.map(({ cpuPercent }) => cpuPercent));
}

function median(all: readonly Measured[]): number {
  return quantile(cpuOf(all), 0.5);
}

function row(what: string, all: readonly Measured[]): readonly string[] {
  const most = (of: (measured: Measured) => number): string => Math.max(...all.map(of)).toFixed(0);
  const middle = (values: readonly number[]): string => quantile(values, 0.5).toFixed(0);
  const generators = all.flatMap((measured) => measured.windows.map((window) => window.generatorCpuPercent));
  return [
    what,
    `${median(all).toFixed(1)} %`,
    `${Math.min(...cpuOf(all)).toFixed(1)} to ${Math.max(...cpuOf(all)).toFixed(1)} %`,
    middle(all.map(({ answersPerSecond }) => answersPerSecond)),
    most(({ lagP99Ms }) => lagP99Ms),
    most(({ lagMaxMs }) => lagMaxMs),
    most(({ rssMiB }) => rssMiB),
    `${middle(generators)} %`,
    most(({ generatorLagMaxMs }) => generatorLagMaxMs),
  ];
}

function natural(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new RangeError(`--${name} must be a whole number from 1`);
  return value;
}

/** One measurement: a server process under the load of a generator process, both started here. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type RunningProcess, start } from "../../../../test/process.js";
import { monoMs } from "../processes/clock.js";
import { type Limits, under } from "./limits.js";
import type { GeneratorOptions } from "./load-generator.js";
import { cpuSecondsOf, rssMiB } from "./process-usage.js";
import type { Counts } from "./simulated-host.js";

/** R of the default preset. */
export const REPORT_MS = 1_500;
/** Joining is not measured. 10,000 hosts take some ten seconds. */
const JOIN_TIMEOUT_MS = 180_000;

export interface ServerOptions {
  readonly file: string;
  readonly args: readonly string[];
  readonly nodeArgs: readonly string[];
  readonly limits: Limits;
  readonly hosts: number;
  readonly windows: number;
  readonly windowMs: number;
  readonly ackBytesOfFloor?: number;
}

/** What a server says every 3 s; a floor has no table. */
interface Pulse {
  readonly event: string;
  readonly rows?: number;
  readonly notLive?: number;
  readonly disconnected?: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

type Counted = Counts & { readonly lagP99Ms: number; readonly lagMaxMs: number };

export interface Measured {
  /** Of one core, per window: 25 is a quarter. */
  readonly cpuPercent: readonly number[];
  readonly acksPerSecond: number;
  readonly rssMiB: number;
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
  readonly joinSeconds: number;
  readonly generator: { readonly cpuPercent: number; readonly lagMaxMs: number };
  readonly counts: Counts;
  /** Rows of the table at the pulses, and the most that were not live or disconnected at any. Empty of a floor. */
  readonly rows: readonly number[];
  readonly mostNotLive: number;
  readonly mostDisconnected: number;
  /** Whatever else the server said, such as that it stepped down. */
  readonly surprises: readonly string[];
}

export async function measureServer(options: ServerOptions): Promise<Measured> {
  const { limits, hosts, windows, windowMs } = options;
  const pulses: Pulse[] = [];
  const surprises: string[] = [];
  const node = (file: string, nodeArgs: readonly string[], args: readonly string[], onLine: (line: string) => void) => {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const command = [process.execPath, ...nodeArgs, "--import", import.meta.resolve("tsx"), path, ...args];
    return start("/bin/sh", under(limits, command), { onLine });
  };
  await using server = node(options.file, options.nodeArgs, options.args, (line) => {
    if (!line.startsWith("{")) return;
    const pulse = JSON.parse(line) as Pulse;
    if (pulse.event === "pulse") pulses.push(pulse);
    else surprises.push(line);
  });
  const port = Number((await server.line(/^leading on \S+:(\d+)$/))[1]);
  const generatorOptions: GeneratorOptions = {
    port,
    hosts,
    reportMs: REPORT_MS,
    sourceAddresses: limits.sourceAddresses,
    ...(options.ackBytesOfFloor === undefined ? {} : { ackBytesOfFloor: options.ackBytesOfFloor }),
  };
  let take: (counted: Counted) => void = () => {};
  const joining = monoMs();
  await using generator = node("./load-generator.ts", [], [JSON.stringify(generatorOptions)], (line) =>
    take(JSON.parse(line) as Counted),
  );
  const counted = async (): Promise<Counted> =>
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the load generator does not answer")), JOIN_TIMEOUT_MS);
      take = (counts) => {
        clearTimeout(timer);
        resolve(counts);
      };
      void generator.exited.then(({ stderr }) => reject(new Error(`the load generator ended: ${stderr}`)));
    });
  await counted(); // all have joined
  const joinSeconds = (monoMs() - joining) / 1_000;
  await settle(pulses);
  pulses.length = 0;
  generator.signal("SIGUSR2");
  const before = await counted();
  const cpuPercent: number[] = [];
  const began = usage(server, generator);
  let last = began;
  for (let window = 1; window <= windows; window++) {
    await sleep(began.ms + window * windowMs - monoMs());
    const now = usage(server, generator);
    cpuPercent.push(((now.server - last.server) / (now.ms - last.ms)) * 100_000);
    last = now;
  }
  const resident = rssMiB(server.pid);
  generator.signal("SIGUSR2");
  const after = await counted();
  const said = [...surprises];
  server.signal("SIGTERM"); // so that a profile is written
  await server.exited;
  return {
    cpuPercent,
    acksPerSecond: ((after.acks - before.acks) / (last.ms - began.ms)) * 1_000,
    rssMiB: resident,
    lagP99Ms: Math.max(...pulses.map(({ lagP99Ms }) => lagP99Ms)),
    lagMaxMs: Math.max(...pulses.map(({ lagMaxMs }) => lagMaxMs)),
    joinSeconds,
    generator: {
      cpuPercent: ((last.generator - began.generator) / (last.ms - began.ms)) * 100_000,
      lagMaxMs: after.lagMaxMs,
    },
    counts: after,
    rows: pulses.map(({ rows }) => rows ?? 0),
    mostNotLive: Math.max(0, ...pulses.map(({ notLive }) => notLive ?? 0)),
    mostDisconnected: Math.max(0, ...pulses.map(({ disconnected }) => disconnected ?? 0)),
    surprises: said,
  };
}

/** Until a pulse after the last host joined. */
async function settle(pulses: readonly Pulse[]): Promise<void> {
  const seen = pulses.length;
  for (let waited = 0; pulses.length < seen + 1; waited += 50) {
    if (waited > JOIN_TIMEOUT_MS) throw new Error("the server has no pulse");
    await sleep(50);
  }
}

function usage(server: RunningProcess, generator: RunningProcess): { ms: number; server: number; generator: number } {
  return { ms: monoMs(), server: cpuSecondsOf(server.pid), generator: cpuSecondsOf(generator.pid) };
}

/** A server process under the load of a generator process: started, measured window by window, ended. */
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type RunningProcess, start } from "../../../../test/process.js";
import { monoMs } from "../processes/clock.js";
import { type Limits, under } from "./limits.js";
import type { GeneratorOptions } from "./load-generator.js";
import { cpuSecondsOf, rssMiB } from "./process-usage.js";
import type { Counts } from "./simulated-host.js";

/** 10,000 hosts take some ten seconds to join, which is not measured. */
const STEP_TIMEOUT_MS = 180_000;

export interface ServerOptions {
  /** The server's program, next to this file, and what it is given. */
  readonly file: string;
  readonly args: readonly string[];
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
  readonly limits: Limits;
  readonly hosts: number;
  readonly reportMs: number;
  /** Given of a floor, of which only the sizes of answers are checked. */
  readonly ackBytesOfFloor?: number;
}

interface Lag {
  readonly lagP99Ms: number;
  readonly lagMaxMs: number;
}

/** What a server says at each pulse; a floor has no table. */
interface Pulse extends Lag {
  readonly event: string;
  readonly rows?: number;
  readonly notLive?: number;
  readonly disconnected?: number;
}

type Counted = Counts & Lag;

export interface Window {
  /** Of one core: 25 is a quarter. */
  readonly cpuPercent: number;
  readonly generatorCpuPercent: number;
}

export interface Summary extends Lag {
  readonly answersPerSecond: number;
  readonly rssMiB: number;
  readonly joinSeconds: number;
  readonly generatorLagMaxMs: number;
  readonly counts: Counts;
  /** How many rows the table had at the pulses; none of a floor. */
  readonly rows: readonly number[];
  /** The most at any pulse. */
  readonly notLive: number;
  readonly disconnected: number;
  /** What went wrong. */
  readonly faults: readonly string[];
}

export class LoadedServer implements AsyncDisposable {
  readonly #options: ServerOptions;
  readonly #server: RunningProcess;
  #generator: RunningProcess | undefined;
  #pulses: Pulse[] = [];
  readonly #surprises: string[] = [];
  #waiting: (() => void) | undefined;
  #counted: Counted | undefined;
  #joinSeconds = 0;
  #before: { readonly ms: number; readonly acks: number } = { ms: 0, acks: 0 };

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = this.#node(options.file, options.nodeArgs ?? [], options.args, (line) => {
      if (!line.startsWith("{")) return;
      const pulse = JSON.parse(line) as Pulse;
      if (pulse.event === "pulse") this.#pulses.push(pulse);
      else this.#surprises.push(line);
      this.#waiting?.();
    });
  }

  /** Resolves at the first pulse after all hosts have joined. */
  async join(): Promise<void> {
    const { hosts, reportMs, limits, ackBytesOfFloor } = this.#options;
    const port = Number((await this.#server.line(/^leading on \S+:(\d+)$/))[1]);
    const { sourceAddresses } = limits;
    const floor = ackBytesOfFloor === undefined ? {} : { ackBytesOfFloor };
    const options: GeneratorOptions = { port, hosts, reportMs, sourceAddresses, ...floor };
    const began = monoMs();
    this.#generator = this.#node("./load-generator.ts", [], [JSON.stringify(options)], (line) => {
      this.#counted = JSON.parse(line) as Counted;
      this.#waiting?.();
    });
    await this.#until("the hosts to join", () => this.#counted !== undefined);
    this.#joinSeconds = (monoMs() - began) / 1_000;
    this.#pulses = [];
    await this.#until("a pulse", () => this.#pulses.length > 0);
    this.#pulses = [];
    const { acks } = await this.#count();
    this.#before = { ms: monoMs(), acks };
  }

  /** What is used in the next so many milliseconds. */
  async window(ms: number): Promise<Window> {
    const generator = this.#running();
    const used = () => ({ ms: monoMs(), ours: cpuSecondsOf(this.#server.pid), theirs: cpuSecondsOf(generator.pid) });
    const before = used();
    await sleep(ms);
    const after = used();
    const percent = (seconds: number): number => (100_000 * seconds) / (after.ms - before.ms);
    return {
      cpuPercent: percent(after.ours - before.ours),
      generatorCpuPercent: percent(after.theirs - before.theirs),
    };
  }

  /** What happened since all had joined. */
  async summary(): Promise<Summary> {
    const counts = await this.#count();
    const seconds = (monoMs() - this.#before.ms) / 1_000;
    const rows = this.#pulses.flatMap((pulse) => (pulse.rows === undefined ? [] : [pulse.rows]));
    const most = (of: (pulse: Pulse) => number | undefined): number =>
      Math.max(0, ...this.#pulses.map((pulse) => of(pulse) ?? 0));
    const faults = this.#surprises.map((line) => `the server said: ${line}`);
    if (counts.wrong > 0) faults.push(`${counts.wrong} wrong answers: ${counts.firstFault}`);
    if (counts.closed > 0) faults.push(`${counts.closed} connections were closed`);
    const expected = this.#options.hosts + 1;
    if (rows.some((count) => count !== expected)) faults.push(`the table has not ${expected} rows at each pulse`);
    return {
      answersPerSecond: (counts.acks - this.#before.acks) / seconds,
      rssMiB: rssMiB(this.#server.pid),
      joinSeconds: this.#joinSeconds,
      lagP99Ms: most(({ lagP99Ms }) => lagP99Ms),
      lagMaxMs: most(({ lagMaxMs }) => lagMaxMs),
      generatorLagMaxMs: counts.lagMaxMs,
      counts,
      rows,
      notLive: most(({ notLive }) => notLive),
      disconnected: most(({ disconnected }) => disconnected),
      faults,
    };
  }

  /** Ends the server as its user would, so that it writes a profile where it makes one, and then the hosts. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.signal("SIGTERM");
    const timer = setTimeout(() => this.#server.kill("SIGKILL"), 10_000);
    await this.#server.exited.catch(() => {});
    clearTimeout(timer);
    await this.#generator?.[Symbol.asyncDispose]();
  }

  async #count(): Promise<Counted> {
    this.#counted = undefined;
    this.#running().signal("SIGUSR2");
    await this.#until("the counts", () => this.#counted !== undefined);
    return this.#counted as unknown as Counted;
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), STEP_TIMEOUT_MS);
      const fail = (who: string, stderr: string): void => reject(new Error(`${who} ended: ${stderr}`));
      void this.#server.exited.then(({ stderr }) => fail("the server", stderr));
      void this.#generator?.exited.then(({ stderr }) => fail("the load generator", stderr));
      this.#waiting = () => {
        if (!isSo()) return;
        clearTimeout(timer);
        resolve();
      };
      this.#waiting();
    });
    this.#waiting = undefined;
  }

  #running(): RunningProcess {
    if (this.#generator === undefined) throw new Error("join() comes first");
    return this.#generator;
  }

  #node(file: string, nodeArgs: readonly string[], args: readonly string[], onLine: (line: string) => void) {
    const path = fileURLToPath(new URL(file, import.meta.url));
    const command = [process.execPath, ...nodeArgs, "--import", import.meta.resolve("tsx"), path, ...args];
    return start("/bin/sh", under(this.#options.limits, command), { onLine });
  }
}

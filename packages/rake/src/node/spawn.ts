/** One action's processes: started, pulled from, told to end, measured, and gone. */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import type { Socket } from "node:net";
import { constants } from "node:os";
import { performance } from "node:perf_hooks";
import type { StreamName } from "../core/server-contract.js";
import type { Fifo, Fifos } from "./fifos.js";
import type { Launch, RunPaths } from "./launch.js";
import { type Measured, readMeasured } from "./meter.js";
import { isAlive, killIn } from "./process-scan.js";
import { PulledStream } from "./pulled-stream.js";

/** How long the meter may take to kill all before it is taken for stopped or dead itself. */
export const METER_MS = 1_000;

export interface SpawnOptions {
  readonly launch: Launch;
  readonly paths: RunPaths;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly fifos: Fifos;
}

export class ActionProcess {
  /** The end of the command's first process, once. */
  readonly ended: Promise<Measured>;
  readonly #options: SpawnOptions;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  readonly #streams: Readonly<Record<StreamName, PulledStream>>;
  readonly #fifos: readonly Fifo[];
  readonly #began = performance.now();
  #hasExited = false;
  /** Of the PID namespace. */
  #firstPid: number | undefined;
  /** The meter went before it was told to: what it stood above is to be looked for. */
  #isMeterLost = false;
  #isKilled = false;
  #killing: Promise<void> | undefined;

  private constructor(options: SpawnOptions, child: ChildProcess, fifos: readonly [Fifo, Fifo]) {
    this.#options = options;
    this.#child = child;
    this.#fifos = fifos;
    this.#streams = { stdout: new PulledStream(fifos[0].reader), stderr: new PulledStream(fifos[1].reader) };
    const exit = new Promise<Measured>((resolve) => {
      child.once("exit", (code, signal) => {
        this.#hasExited = true;
        const wallMicros = Math.round(1_000 * (performance.now() - this.#began));
        const how = signal === null ? { code: code ?? 0 } : { signal: constants.signals[signal] ?? 9 };
        resolve({ ...how, cpuMicros: 0, peakBytes: 0, wallMicros });
      });
    });
    this.#exited = exit.then(() => {});
    this.ended = options.launch.isMetered ? this.#measured(exit) : exit;
    if (options.launch.isContained) this.#readFirstPid();
  }

  /** @throws what Node says where it cannot be started */
  static async start(options: SpawnOptions): Promise<ActionProcess> {
    const { launch, paths, user, fifos } = options;
    const taken: Fifo[] = [];
    try {
      taken.push(await fifos.take(), await fifos.take());
      const [out, err] = taken as [Fifo, Fifo];
      const child = spawn(launch.file, launch.args, {
        cwd: launch.isContained ? "/" : paths.work,
        env: launch.env,
        detached: true,
        // bwrap hands on what is above 2, and does not keep it open itself.
        stdio: launch.isMetered
          ? ["ignore", "ignore", "pipe", "pipe", launch.isContained ? "pipe" : "ignore", out.writer, err.writer]
          : ["ignore", out.writer, err.writer],
        ...(user === undefined ? {} : user),
      });
      await new Promise<void>((resolve, reject) => child.once("spawn", resolve).once("error", reject));
      child.on("error", () => {}); // a signal that could not be sent
      return new ActionProcess(options, child, [out, err]);
    } catch (error) {
      for (const fifo of taken) fifos.giveBack(fifo);
      throw error;
    } finally {
      for (const { writer } of taken) closeSync(writer);
    }
  }

  pull(stream: StreamName, maxBytes: number): Promise<Uint8Array | undefined> {
    return this.#streams[stream].pull(maxBytes);
  }

  /** SIGTERM to the command's process group, or the end of everything that belongs to the action. */
  kill(hard: boolean): void {
    if (this.#hasExited) {
      if (hard && !this.#options.launch.isContained) void killIn(this.#options.paths.top);
      return;
    }
    this.#isKilled ||= hard;
    if (this.#options.launch.isMetered) this.#control.write(hard ? "K" : "T");
    else this.#signal(hard ? "SIGKILL" : "SIGTERM", true);
    // It may have been stopped by the action, which has the same user.
    if (hard && !this.#options.launch.isContained) this.#signal("SIGCONT", false);
  }

  /** Kills what is left, and resolves when nothing of it is. What was printed can still be pulled. */
  killAll(): Promise<void> {
    this.#killing ??= this.#killAll();
    return this.#killing;
  }

  /** As `killAll`, and gives up the streams. Once. */
  async end(): Promise<void> {
    await this.killAll();
    for (const fifo of this.#fifos) this.#options.fifos.giveBack(fifo);
  }

  async #killAll(): Promise<void> {
    this.kill(true);
    if (!(await this.#exitsWithin(METER_MS))) {
      // Under bwrap, all in the namespace ends with it.
      this.#isMeterLost = true;
      this.#signal("SIGKILL", false);
      await this.#exited;
    }
    while (this.#firstPid !== undefined && isAlive(this.#firstPid)) await pause(2);
    const { launch, paths } = this.#options;
    if (!launch.isMetered || (this.#isMeterLost && !launch.isContained)) {
      while (!(await killIn(paths.top))) await pause(1_000);
    }
  }

  /** What the meter says; where it is silent, it was killed, and the action with it as far as anybody can tell. */
  #measured(exit: Promise<Measured>): Promise<Measured> {
    return new Promise((resolve) => {
      let text = "";
      const control = this.#control;
      control.setEncoding("latin1").on("data", (more: string) => {
        text = (text + more).slice(0, 256);
        const measured = text.includes("\n") ? readMeasured(text.slice(0, text.indexOf("\n"))) : undefined;
        if (measured !== undefined) resolve(measured);
      });
      control.on("error", () => {}); // it has ended
      let complaint = "";
      this.#child.stderr?.setEncoding("utf8").on("data", (more: string) => {
        complaint = (complaint + more).slice(0, 1_000);
      });
      void exit.then(() => {
        this.#isMeterLost ||= !this.#isKilled;
      });
      // Both pipes are read to their ends.
      this.#child.once("close", (code) => {
        const failed = code !== null && code !== 0 && !this.#isKilled && complaint !== "" ? { failed: complaint } : {};
        const wallMicros = Math.round(1_000 * (performance.now() - this.#began));
        resolve({ signal: 9, cpuMicros: 0, peakBytes: 0, wallMicros, ...failed });
      });
    });
  }

  #readFirstPid(): void {
    let text = "";
    (this.#child.stdio[4] as Socket).setEncoding("latin1").on("data", (more: string) => {
      text = (text + more).slice(0, 1_024);
      const match = /"child-pid": (\d+)/.exec(text);
      if (match !== null) this.#firstPid = Number(match[1]);
    });
  }

  get #control(): Socket {
    return this.#child.stdio[3] as Socket;
  }

  async #exitsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const isThere = await Promise.race([this.#exited.then(() => true), late]);
    clearTimeout(timer);
    return isThere;
  }

  #signal(signal: NodeJS.Signals, group: boolean): void {
    const { pid } = this.#child;
    if (pid === undefined || this.#hasExited) return;
    try {
      process.kill(group ? -pid : pid, signal);
    } catch {
      // It has ended.
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

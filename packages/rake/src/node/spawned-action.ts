/** One action whose meter was started by the spawner and waits for an order: ordered, pulled from, told to end, measured, and gone. */
import { closeSync } from "node:fs";
import { performance } from "node:perf_hooks";
import type { StreamName } from "../core/server-contract.js";
import type { RunningAction } from "./engine.js";
import type { Fifo, Fifos, OrderFifo } from "./fifos.js";
import type { RunPaths, WaitingLaunch } from "./launch.js";
import type { Measured } from "./meter.js";
import { isAlive, killIn } from "./process-scan.js";
import { PulledStream } from "./pulled-stream.js";
import { METER_MS } from "./spawn.js";
import type { MeterEvents, Spawner } from "./spawner.js";

const MAX_COMPLAINT = 2_000;
/** What bwrap says where all is well. */
const ABOUT_NAMESPACE = /\{[^{}]*"child-pid"[^{}]*\}\s*/;

export interface WaitingOptions {
  readonly launch: WaitingLaunch;
  readonly paths: RunPaths;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly fifos: Fifos;
}

interface Pipes {
  readonly orders: OrderFifo;
  readonly stdout: Fifo;
  readonly stderr: Fifo;
  readonly complaints: Fifo | undefined;
}

export class SpawnedAction implements RunningAction {
  readonly ended: Promise<Measured>;
  readonly #options: WaitingOptions;
  readonly #pipes: Pipes;
  readonly #streams: Readonly<Record<StreamName, PulledStream>>;
  readonly #exited: Promise<void>;
  #setExited: () => void = () => {};
  #setEnded: (measured: Measured) => void = () => {};
  #pid = 0;
  #began = performance.now();
  #hasExited = false;
  /** The meter has said that nothing is below it any more. */
  #isAllGone = false;
  /** The meter went before it was told to: what it stood above is to be looked for. */
  #isMeterLost = false;
  #isKilled = false;
  #isMeasured = false;
  #complaint = "";
  /** Of the PID namespace. */
  #firstPid: number | undefined;
  #killing: Promise<void> | undefined;

  private constructor(options: WaitingOptions, pipes: Pipes) {
    this.#options = options;
    this.#pipes = pipes;
    this.#streams = { stdout: new PulledStream(pipes.stdout.reader), stderr: new PulledStream(pipes.stderr.reader) };
    this.#exited = new Promise((resolve) => {
      this.#setExited = resolve;
    });
    this.ended = new Promise((resolve) => {
      this.#setEnded = resolve;
    });
    pipes.orders.writer.on("error", () => {}); // it has ended
    if (pipes.complaints !== undefined) this.#readComplaints(pipes.complaints);
  }

  /** @throws why it could not be started */
  static async start(spawner: Spawner, options: WaitingOptions): Promise<SpawnedAction> {
    const { launch, paths, user, fifos } = options;
    const taken: (Fifo | OrderFifo)[] = [];
    const take = async <Taken extends Fifo | OrderFifo>(one: Promise<Taken>): Promise<Taken> => {
      taken.push(await one);
      return await one;
    };
    try {
      const orders = await take(fifos.takeForOrders());
      const [stdout, stderr] = [await take(fifos.take()), await take(fifos.take())];
      const complaints = launch.sandboxed === undefined ? undefined : await take(fifos.take());
      const action = new SpawnedAction(options, { orders, stdout, stderr, complaints });
      const names = { orders: orders.name, stdout: stdout.name, stderr: stderr.name, complaints: complaints?.name };
      const folder = launch.sandboxed === undefined ? paths.work : "/";
      action.#pid = await spawner.start({ ...names, ...launch, user, folder }, action.#events);
      return action;
    } catch (error) {
      // Something may have them open still, and is on its way out.
      for (const fifo of taken) fifos.abandon(fifo);
      throw error;
    } finally {
      for (const { reader, writer } of taken) closeSync(typeof writer === "number" ? writer : (reader as number));
    }
  }

  /** Whether it can still be given an order. */
  get isThere(): boolean {
    return !this.#hasExited && this.#pipes.orders.writer.writable;
  }

  /** Tells the meter what to start (`meterOrder`). Once. */
  order(what: Uint8Array): void {
    this.#began = performance.now();
    this.#pipes.orders.writer.write(what);
  }

  pull(stream: StreamName, maxBytes: number): Promise<Uint8Array | undefined> {
    return this.#streams[stream].pull(maxBytes);
  }

  /** SIGTERM to the command's process group, or the end of everything that belongs to the action. */
  kill(hard: boolean): void {
    if (this.#isAllGone) return;
    if (this.#hasExited) {
      if (hard && !this.#isContained) void killIn(this.#options.paths.top);
      return;
    }
    this.#isKilled ||= hard;
    this.#pipes.orders.writer.write(hard ? "K" : "T");
    // It may have been stopped by the action, which has the same user.
    if (hard && !this.#isContained) this.#signal("SIGCONT");
  }

  /** Kills what is left, and resolves when nothing of it is. What was printed can still be pulled. */
  async killAll(): Promise<void> {
    if (this.#isAllGone) return;
    this.#killing ??= this.#killAll();
    await this.#killing;
  }

  /** As `killAll`, and gives up the streams, when what stood above it is gone too. Once. */
  async end(): Promise<void> {
    await this.killAll();
    await this.#leave();
    const { orders, stdout, stderr, complaints } = this.#pipes;
    for (const fifo of [orders, stdout, stderr, complaints]) if (fifo !== undefined) this.#options.fifos.giveBack(fifo);
  }

  get #isContained(): boolean {
    return this.#options.launch.sandboxed !== undefined;
  }

  async #killAll(): Promise<void> {
    this.kill(true);
    await this.#leave();
    if (this.#isMeterLost && !this.#isContained) {
      while (!(await killIn(this.#options.paths.top))) await pause(1_000);
    }
  }

  /** Resolves when the meter is gone, and its namespace. */
  async #leave(): Promise<void> {
    if (!(await this.#exitsWithin(METER_MS))) {
      // Under bwrap, all in the namespace ends with it.
      this.#isMeterLost = !this.#isAllGone;
      this.#signal("SIGKILL");
      // It is the spawner that buries it, which may be gone or stopped itself.
      while (!this.#hasExited && isAlive(this.#pid)) await pause(2);
      this.#exit(false);
    }
    while (this.#firstPid !== undefined && isAlive(this.#firstPid)) await pause(2);
  }

  async #exitsWithin(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), ms);
    });
    const isGone = await Promise.race([this.#exited.then(() => true), late]);
    clearTimeout(timer);
    return isGone;
  }

  readonly #events: MeterEvents = {
    measured: (measured, isAll) => {
      this.#isMeasured = true;
      this.#isAllGone = isAll;
      this.#setEnded(measured);
    },
    complained: (text) => this.#complained(text),
    exited: (isRegular) => this.#exit(isRegular),
    lost: () => void this.#isLost(),
  };

  /** Nobody tells of its end any more. */
  async #isLost(): Promise<void> {
    while (!this.#hasExited && isAlive(this.#pid)) await pause(20);
    // What it said last may not have been read yet: all that has come is read between two turns.
    for (let turns = 0; turns < 2; turns++) await new Promise((resolve) => setImmediate(resolve));
    this.#exit(this.#isMeasured);
  }

  #exit(isRegular: boolean): void {
    if (this.#hasExited) return;
    this.#hasExited = true;
    this.#isMeterLost ||= !this.#isKilled && !(isRegular && this.#isMeasured);
    this.#setExited();
    void this.#unmeasured(isRegular);
  }

  /** Where the meter is silent, it was killed, and the action with it as far as anybody can tell. */
  async #unmeasured(isRegular: boolean): Promise<void> {
    const { complaints } = this.#pipes;
    // All that was complained is to be heard.
    if (complaints !== undefined && !this.#isMeasured) {
      const over = new Promise<void>((resolve) => complaints.reader.once("close", resolve).once("end", resolve));
      await Promise.race([over, pause(METER_MS)]);
    }
    const complaint = this.#complaint.replace(ABOUT_NAMESPACE, "");
    const failed = !isRegular && !this.#isKilled && complaint !== "" ? { failed: complaint } : {};
    const wallMicros = Math.round(1_000 * (performance.now() - this.#began));
    this.#setEnded({ signal: 9, cpuMicros: 0, peakBytes: 0, wallMicros, ...failed });
  }

  /** Of the sandbox, which also says there which process is the first in it. */
  #readComplaints({ reader }: Fifo): void {
    reader.setEncoding("utf8").on("data", (text: string) => {
      const match = /"child-pid": (\d+)/.exec(this.#complaint + text);
      if (match !== null) this.#firstPid ??= Number(match[1]);
      this.#complained(text);
      // An action may find it and write there: nobody reads that.
      if (this.#complaint.length === MAX_COMPLAINT) reader.pause();
    });
    reader.on("error", () => {});
  }

  #complained(text: string): void {
    this.#complaint = (this.#complaint + text).slice(0, MAX_COMPLAINT);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#pid === 0 || this.#hasExited) return;
    try {
      process.kill(this.#pid, signal);
    } catch {
      // It has ended.
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** One attempt on a server: its folder, its processes, its outputs, and the end of them all. */
import type { FileHandle } from "node:fs/promises";
import type { RunEnd } from "../core/messages.js";
import type { FoundOutput, Job, ServerInput, StreamName } from "../core/server-contract.js";
import { CollectError, type CollectedOutput, collect, openOutput } from "./collect.js";
import { type RunningAction, type StartAction, startHere } from "./engine.js";
import type { Fifos } from "./fifos.js";
import { watchFolder } from "./folder-size.js";
import { findProgram, type Launcher, launch, limitsUnder } from "./launch.js";
import { type Measured, meterOrder } from "./meter.js";
import { readAt } from "./pieces.js";
import type { ReadyRun, ReadyRuns } from "./ready-runs.js";
import { removeFolder } from "./removal.js";
import { makeRunFolder, placeInputs, type RunFolder } from "./run-folder.js";
import type { Store } from "./store.js";
import { messageOf } from "./trouble.js";

export interface RunSetting {
  readonly launcher: Launcher;
  readonly store: Store;
  readonly fifos: Fifos;
  /** Default: on this machine. */
  readonly start?: StartAction | undefined;
  /** Those that need only the command, for actions that run on this machine; default none. */
  readonly ready?: ReadyRuns | undefined;
  /** Told what the machine is to be told. */
  readonly tell: (input: ServerInput) => void;
  /** A folder could not be removed: it is tried again at the next start. */
  readonly trouble: (message: string) => void;
}

const SIGXCPU = 24;
const SIGXFSZ = 25;
const SIGKILL = 9;

export class Run {
  readonly #number: number;
  #top: string;
  /** The one that was ready, where it is that: its folder can be used again. */
  #taken: ReadyRun | undefined;
  readonly #setting: RunSetting;
  #job: Job | undefined;
  #folder: RunFolder | undefined;
  #process: RunningAction | undefined;
  #starting: Promise<void> = Promise.resolve();
  /** What still reads in the folder. */
  #reading: Promise<void> = Promise.resolve();
  #outputs: readonly CollectedOutput[] = [];
  #open: { readonly index: number; readonly file: FileHandle } | undefined;
  #isOverFolder = false;
  #stopWatch = (): void => {};
  #isRemoved = false;

  /** @param top where its folder is to be, if none is ready; nothing stands there yet */
  constructor(number: number, top: string, setting: RunSetting) {
    this.#number = number;
    this.#top = top;
    this.#setting = setting;
  }

  start(job: Job): void {
    this.#job = job;
    this.#starting = this.#start(job).catch((error: unknown) => this.#startFailed(messageOf(error), []));
  }

  pull(stream: StreamName, maxBytes: number): void {
    const run = this.#number;
    void this.#process?.pull(stream, maxBytes).then((bytes) => {
      this.#tell(bytes === undefined ? { type: "streamEnded", run, stream } : { type: "printed", run, stream, bytes });
    });
  }

  kill(hard: boolean): void {
    this.#process?.kill(hard);
  }

  collect(wanted: readonly string[], newestOnly: boolean): void {
    this.#then(() => this.#collect(wanted, newestOnly));
  }

  readOutput(index: number, offset: number, maxBytes: number): void {
    this.#then(() => this.#readOutput(index, offset, maxBytes));
  }

  /** Resolves when nothing of it is left, and that has been told. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.#starting;
    this.#stopWatch();
    await Promise.all([this.#endProcess(), this.#reading]);
    await this.#open?.file.close();
    try {
      if (!(await this.#giveBack())) await removeFolder(this.#top);
    } catch (error) {
      this.#setting.trouble(`${this.#top} cannot be removed: ${messageOf(error)}`);
    }
    this.#setting.tell({ type: "removed", run: this.#number });
  }

  async #endProcess(): Promise<void> {
    if (this.#taken === undefined) await this.#process?.end();
    else if (this.#process !== undefined) await this.#setting.ready?.end(this.#taken.process);
  }

  async #giveBack(): Promise<boolean> {
    if (this.#taken === undefined) return false;
    try {
      return (await this.#setting.ready?.giveBack(this.#taken.folder)) ?? false;
    } catch {
      return false; // what cannot be emptied is removed, or that says why not
    }
  }

  async #start(job: Job): Promise<void> {
    const { launcher, store, ready } = this.#setting;
    const gone = [...new Set(job.inputs.map(({ digest }) => digest))].filter((digest) => !store.check(digest));
    if (gone.length > 0) {
      this.#startFailed("the store has some inputs no more", gone);
      return;
    }
    const words = job.words === undefined ? ["/bin/sh", "-c", job.command] : findProgram(job.words, launcher.env);
    const one = await ready?.take();
    const started = one === undefined ? await this.#startNew(job, words) : await this.#startReady(one, job, words);
    ready?.refill();
    if (started === undefined) return;
    this.#process = started;
    if (launcher.sandbox !== "none") {
      this.#stopWatch = watchFolder(this.#top, job.limits.folderBytes, () => {
        this.#isOverFolder = true;
        started.kill(true);
      });
    }
    this.#tell({ type: "started", run: this.#number });
    void started.ended.then((measured) => {
      this.#tell({ type: "ended", run: this.#number, end: this.#endOf(measured, job) });
    });
  }

  /** Undefined where it was removed meanwhile. */
  async #startNew(job: Job, words: readonly string[]): Promise<RunningAction | undefined> {
    const { launcher, store, fifos, start = startHere } = this.#setting;
    const { user } = launcher;
    const folder = await makeRunFolder(this.#top, job.inputs, store, user, () => !this.#isRemoved);
    this.#folder = folder;
    if (this.#isRemoved) return undefined;
    const { paths } = folder;
    return await start({ launch: launch(launcher, paths, job.limits, words), paths, user, fifos });
  }

  /** The same for one that waits. */
  async #startReady(one: ReadyRun, job: Job, words: readonly string[]): Promise<RunningAction | undefined> {
    const { launcher, store } = this.#setting;
    this.#top = one.folder.paths.top;
    this.#taken = one;
    try {
      this.#folder = await placeInputs(one.folder.paths, job.inputs, store, launcher.user, () => !this.#isRemoved);
      if (!this.#isRemoved) {
        one.process.order(meterOrder(limitsUnder(launcher, job.limits), words));
        return one.process;
      }
    } catch (error) {
      await one.process.end();
      throw error;
    }
    await one.process.end();
    return undefined;
  }

  #startFailed(message: string, gone: readonly string[]): void {
    this.#tell({ type: "startFailed", run: this.#number, message, gone });
  }

  #endOf({ code, signal, cpuMicros, peakBytes, wallMicros, failed }: Measured, { limits }: Job): RunEnd {
    const used = { cpuMicros, peakBytes, wallMicros };
    const limited = (text: string): RunEnd => ({ end: "LIMITED", code: 0, ...used, text });
    if (this.#isOverFolder) return limited(`its folder has more than ${limits.folderBytes} bytes`);
    if (failed !== undefined) return { end: "FAILED", code: 0, ...used, text: failed };
    if (signal === undefined) return { end: "EXITED", code: code ?? 0, ...used, text: "" };
    if (this.#setting.launcher.sandbox !== "none") {
      const isLate = signal === SIGKILL && cpuMicros >= 1e6 * limits.cpuSeconds;
      if (signal === SIGXCPU || isLate) return limited(`it used more than ${limits.cpuSeconds} s of CPU time`);
      if (signal === SIGXFSZ) return limited(`a file has more than ${limits.fileBytes} bytes`);
    }
    return { end: "SIGNALLED", code: signal, ...used, text: "" };
  }

  async #collect(wanted: readonly string[], newestOnly: boolean): Promise<void> {
    const [folder, job, run] = [this.#folder, this.#job, this.#number];
    if (folder === undefined || job === undefined) return;
    // What it left running could still write there.
    await this.#process?.killAll();
    const { outputs: maxOutputs, outputBytes: maxOutputBytes } = job.limits;
    const isWanted = (): boolean => !this.#isRemoved;
    try {
      this.#outputs = await collect(folder, { wanted, newestOnly, maxOutputs, maxOutputBytes, isWanted });
      const outputs: FoundOutput[] = this.#outputs.map(({ place: _, ...output }) => output);
      this.#tell({ type: "collected", run, outputs });
    } catch (error) {
      const limited = error instanceof CollectError && error.limited;
      this.#tell({ type: "collectFailed", run, limited, message: messageOf(error) });
    }
  }

  async #readOutput(index: number, offset: number, maxBytes: number): Promise<void> {
    const run = this.#number;
    try {
      const file = await this.#outputFile(index);
      const bytes = await readAt(file, offset, maxBytes);
      const { size = 0 } = this.#outputs[index] ?? {};
      if (bytes.length < Math.min(maxBytes, 65_536, size - offset)) throw new Error("it is shorter than it was");
      this.#tell({ type: "outputBytes", run, index, bytes });
    } catch (error) {
      this.#tell({ type: "outputFailed", run, index, message: messageOf(error) });
    }
  }

  /** One is open at a time: they are read one after another. */
  async #outputFile(index: number): Promise<FileHandle> {
    if (this.#open?.index === index) return this.#open.file;
    await this.#open?.file.close();
    this.#open = undefined;
    const output = this.#outputs[index];
    if (output === undefined || this.#folder === undefined) throw new Error("there is no such output");
    const file = await openOutput(output.place, this.#folder.paths.work);
    this.#open = { index, file };
    return file;
  }

  #then(read: () => Promise<void>): void {
    this.#reading = this.#reading.then(async () => {
      if (!this.#isRemoved) await read();
    });
  }

  /** After `remove` nothing but `removed` is said. */
  #tell(input: ServerInput): void {
    if (!this.#isRemoved) this.#setting.tell(input);
  }
}

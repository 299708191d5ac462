/** One run on a simulated server: its folder, its process, its streams and its outputs. */
import { type FoundOutput, type Job, matches, pathFault, type RunEnd, type StreamName } from "../../src/core/index.js";
import { type Effect, indexOf, perform } from "./command.js";
import type { Cpu } from "./cpu.js";
import type { SimFile } from "./files.js";
import { Violation } from "./violation.js";

interface Printing {
  readonly bytes: Uint8Array;
  taken: number;
  /** Bytes that were asked for. */
  wanted: number | undefined;
}

export interface RunListener {
  printed(stream: StreamName, bytes: Uint8Array): void;
  streamEnded(stream: StreamName): void;
  ended(end: RunEnd): void;
}

const STREAMS = ["stdout", "stderr"] as const;

export class SimulatedRun {
  readonly job: Job;
  readonly index: number;
  outputs: readonly (FoundOutput & { readonly bytes: Uint8Array })[] = [];
  readonly #listener: RunListener;
  #effect: Effect | undefined;
  #streams: Readonly<Record<StreamName, Printing>> | undefined;
  #startedAt = 0;
  #isOver = false;
  #stop: () => void = () => {};

  constructor(job: Job, listener: RunListener) {
    this.job = job;
    this.index = indexOf(job.command);
    this.#listener = listener;
    for (const { path } of job.inputs) {
      const fault = pathFault(path);
      if (fault !== undefined) throw new Violation("R22", `a run is given an input whose path ${fault}: ${path}`);
    }
  }

  /** Not where it was removed before. @param stored what the server has, by digest */
  start(now: number, stored: ReadonlyMap<string, SimFile>, cpu: Cpu, toolchain: string, clock: () => number): void {
    if (this.#isOver) return;
    const { command, inputs } = this.job;
    const folder = new Map<string, SimFile>();
    for (const { path, digest, mode } of inputs) folder.set(path, { ...(stored.get(digest) as SimFile), mode });
    const effect = perform(command, folder, toolchain);
    const printing = (bytes: Uint8Array): Printing => ({ bytes, taken: 0, wanted: undefined });
    this.#effect = effect;
    this.#streams = { stdout: printing(effect.stdout), stderr: printing(effect.stderr) };
    this.#startedAt = now;
    const { signal, code } = effect;
    this.#stop = cpu.run(now, effect.workMs, () => this.#end(clock(), signal, code));
  }

  pull(stream: StreamName, maxBytes: number): void {
    const printing = this.#streams?.[stream];
    if (printing === undefined) return;
    if (printing.wanted !== undefined) throw new Violation("machine", `${stream} is read twice at a time`);
    printing.wanted = maxBytes;
    this.#pump(stream);
  }

  kill(now: number, hard: boolean): void {
    if (this.#effect === undefined || (!hard && this.#effect.isStubborn)) return;
    this.#end(now, hard ? 9 : 15, 0);
  }

  /** No process of it is left. */
  remove(): void {
    this.#isOver = true;
    this.#stop();
  }

  /** What it made: undefined where nothing matches a pattern. */
  collect(wanted: readonly string[]): boolean {
    const outputs = [...(this.#effect?.outputs ?? [])].map(([path, file]) => ({
      path,
      ...file,
      size: file.bytes.length,
    }));
    const isWanted = (path: string): boolean => wanted.length === 0 || wanted.some((one) => matches(one, path));
    this.outputs = outputs.filter(({ path }) => isWanted(path));
    return wanted.every((one) => this.outputs.some(({ path }) => matches(one, path)));
  }

  #end(now: number, signal: number, code: number): void {
    if (this.#isOver) return;
    this.remove();
    this.#listener.ended({
      end: signal > 0 ? "SIGNALLED" : "EXITED",
      code: signal > 0 ? signal : code,
      cpuMicros: 1,
      peakBytes: 1,
      wallMicros: Math.round((now - this.#startedAt) * 1_000),
      text: "",
    });
    for (const stream of STREAMS) this.#pump(stream);
  }

  /** One half is printed at the start, the rest at the end. */
  #pump(stream: StreamName): void {
    const printing = this.#streams?.[stream];
    if (printing?.wanted === undefined) return;
    const { bytes, taken, wanted } = printing;
    const there = this.#isOver ? bytes.length : bytes.length >> 1;
    if (there > taken) {
      printing.wanted = undefined;
      printing.taken = Math.min(there, taken + wanted);
      this.#listener.printed(stream, bytes.slice(taken, printing.taken));
    } else if (this.#isOver) {
      printing.wanted = undefined;
      this.#listener.streamEnded(stream);
    }
  }
}

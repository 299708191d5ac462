/** A client that builds, as a node of the simulator: what the driver of sockets, files and processes does. */
import type { NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import type {
  BuildMachine,
  BuildMachineOptions,
  ClientInput,
  ClientOutput,
  Learned,
  Plan as RakePlan,
  RunEnd,
  StreamName,
} from "../../src/core/index.js";
import { pathFault } from "../../src/core/index.js";
import type { BuildWatch } from "./build-watch.js";
import { type Effect, perform } from "./command.js";
import { type Folder, fileOf, type SimFile } from "./files.js";
import { seededPlatform } from "./seeded-platform.js";
import { Violation } from "./violation.js";

/** What is kept of a result, by its key. */
export interface Cached {
  readonly files: Folder;
  readonly printed: readonly (readonly [StreamName, Uint8Array])[];
}

export interface ClientSurroundings {
  readonly Machine: typeof BuildMachine;
  readonly plan: RakePlan;
  readonly options: BuildMachineOptions;
  readonly learned: Learned | undefined;
  readonly toolchain: string;
  readonly folder: Map<string, SimFile>;
  readonly cache: Map<string, Cached>;
  readonly disk: { fails: boolean; isTouched: boolean };
  readonly effectMs: number;
  readonly highWaterBytes: number;
  readonly lingerMs: number;
  readonly unsent: (connection: number) => number;
  readonly watch: BuildWatch;
  readonly finished: (learned: Learned) => void;
}

interface Link {
  readonly id: number;
  isFull: boolean;
  isConnected: boolean;
  isEnded: boolean;
  /** For the machine it is over. */
  isTold: boolean;
}

interface AttemptFolder {
  readonly open: Map<string, { readonly mode: number; readonly pieces: Uint8Array[] }>;
  readonly files: Map<string, SimFile>;
  readonly kept: (readonly [StreamName, Uint8Array])[];
  /** For the cache: all that it printed. */
  readonly printed: (readonly [StreamName, Uint8Array])[];
}

interface LocalRun {
  readonly action: number;
  readonly effect: Effect;
  readonly isApart: boolean;
}

type Token = () => void;

export class ClientProgram implements NodeProgram {
  readonly #around: ClientSurroundings;
  readonly #environment: NodeEnvironment;
  readonly #links = new Map<number, Link>();
  readonly #attempts = new Map<number, AttemptFolder>();
  readonly #local = new Map<number, LocalRun>();
  readonly #wrote = new Set<Link>();
  readonly #tooFull = new Set<Link>();
  #machine: BuildMachine | undefined;
  #isFinished = false;
  #now = 0;
  #out: NodeOutput[] = [];

  constructor(environment: NodeEnvironment, around: ClientSurroundings) {
    this.#environment = environment;
    this.#around = around;
  }

  /** What is not closed or removed behind the end of the build, in words. */
  get open(): string | undefined {
    const { commits = 0, reads = 0, localRuns = 0 } = this.#machine?.view() ?? {};
    // A second Ctrl-C, and `cancelMs`, wait for nothing.
    const isCancelled = this.#around.watch.result?.outcome === "cancelled";
    if (reads + localRuns + (isCancelled ? 0 : commits) > 0) return JSON.stringify(this.#machine?.view());
    if (this.#local.size > 0) return `${this.#local.size} processes`;
    if (this.#attempts.size > 0) return `folders of attempts ${[...this.#attempts.keys()]}`;
    return this.#links.size > 0 ? `${this.#links.size} connections` : undefined;
  }

  nextDeadline(): number | undefined {
    for (const link of this.#wrote) {
      const { highWaterBytes, unsent } = this.#around;
      if (!link.isFull && !link.isTold && unsent(link.id) > highWaterBytes) this.#tooFull.add(link);
    }
    this.#wrote.clear();
    return this.#tooFull.size > 0 ? this.#now : this.#machine?.nextDeadline();
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    this.#now = now;
    this.#out = [];
    for (const link of this.#tooFull) {
      link.isFull = true;
      if (!link.isTold) this.#feed({ type: "full", link: link.id });
    }
    this.#tooFull.clear();
    this.#input(input);
    return this.#out;
  }

  #input(input: NodeInput): void {
    switch (input.type) {
      case "start": {
        const { Machine, plan, options, learned } = this.#around;
        this.#machine = new Machine(plan, options, seededPlatform(this.#environment.randomBytes), learned);
        return this.#feed({ type: "begin" });
      }
      case "tick":
        return this.#feed({ type: "tick" });
      case "later":
        return (input.token as Token)();
      case "command":
        if (!this.#isFinished) this.#feed(input.command as ClientInput);
        return;
      case "connected":
      case "failed":
      case "bytes":
      case "drained":
      case "end":
      case "closed":
        return this.#ofLink(input);
    }
  }

  #ofLink(input: Extract<NodeInput, { readonly connection: number }>): void {
    const link = this.#links.get(input.connection);
    if (link === undefined) return;
    const { id } = link;
    if (input.type === "connected") {
      link.isConnected = true;
      if (link.isEnded) this.#out.push({ type: "end", connection: id });
      else this.#feed({ type: "connected", link: id });
    } else if (input.type === "bytes") {
      if (!link.isTold) this.#feed({ type: "data", link: id, bytes: input.bytes });
    } else if (input.type === "drained") {
      if (!link.isFull) return;
      link.isFull = false;
      if (!link.isTold) this.#feed({ type: "drained", link: id });
    } else {
      const wasTold = link.isTold;
      link.isTold = true;
      if (input.type === "end") this.#end(link);
      else this.#links.delete(id);
      if (!wasTold) this.#feed({ type: "closed", link: id, why: input.type });
    }
  }

  #end(link: Link): void {
    if (link.isEnded) return;
    link.isEnded = true;
    if (link.isConnected) this.#out.push({ type: "end", connection: link.id });
    this.#later(this.#around.lingerMs, () => {
      if (this.#links.delete(link.id)) this.#out.push({ type: "reset", connection: link.id });
    });
  }

  #later(afterMs: number, token: Token): void {
    this.#out.push({ type: "later", afterMs, token });
  }

  #effect(token: Token): void {
    this.#later(this.#around.effectMs, token);
  }

  #answer(input: () => ClientInput): void {
    this.#effect(() => this.#feed(input()));
  }

  #feed(input: ClientInput): void {
    if (this.#isFinished) return;
    for (const output of this.#machine?.handle(this.#now, input) ?? []) this.#perform(output);
  }

  #perform(output: ClientOutput): void {
    const { watch, disk, folder } = this.#around;
    if (this.#isFinished) throw new Violation("machine", `${output.type} behind finished`);
    switch (output.type) {
      case "connect": {
        const { host, port } = this.#around.plan.hosts[output.host] as RakePlan["hosts"][number];
        this.#links.set(output.link, {
          id: output.link,
          isFull: false,
          isConnected: false,
          isEnded: false,
          isTold: false,
        });
        this.#out.push({ type: "connect", connection: output.link, to: { node: host, port } });
        return;
      }
      case "send": {
        const link = this.#links.get(output.link);
        if (link === undefined || link.isTold) return;
        this.#wrote.add(link);
        this.#out.push({ type: "write", connection: output.link, bytes: output.bytes });
        return;
      }
      case "disconnect": {
        const link = this.#links.get(output.link);
        if (link === undefined || link.isTold) return;
        link.isTold = true;
        return this.#end(link);
      }
      case "hash":
        return this.#answer(() => {
          const file = folder.get(output.path);
          const { id } = output;
          if (file === undefined || disk.fails) return { type: "hashFailed", id, message: "it cannot be read" };
          return { type: "hashed", id, digest: file.digest, size: file.bytes.length, mode: file.mode };
        });
      case "readInput":
        return this.#answer(() => {
          const { id, path, offset, maxBytes } = output;
          if (disk.fails || disk.isTouched) {
            disk.isTouched = false;
            return { type: "inputFailed", id, message: "it was saved again" };
          }
          const bytes = folder.get(path)?.bytes.slice(offset, offset + maxBytes) ?? new Uint8Array(0);
          return { type: "inputBytes", id, bytes };
        });
      case "runLocal":
        return this.#runLocal(output.attempt, output.action, output.command, output.apart !== undefined);
      case "killLocal":
        return this.#killLocal(output.attempt, output.hard);
      case "openOutput": {
        const { attempt, path, mode } = output;
        const fault = pathFault(path);
        if (fault !== undefined) throw new Violation("R35", `an output is written to ${path}, which ${fault}`);
        this.#of(attempt).open.set(path, { mode, pieces: [] });
        return;
      }
      case "writeOutput":
        this.#of(output.attempt).open.get(output.path)?.pieces.push(output.bytes.slice());
        return this.#took(output.attempt, output.bytes.length);
      case "endOutput":
        return this.#endOutput(output.attempt, output.path);
      case "commit":
        return this.#commit(output.attempt, output.paths);
      case "discard":
        this.#attempts.delete(output.attempt);
        return;
      case "show":
        watch.shown(output.attempt, output.stream, output.bytes);
        this.#of(output.attempt).printed.push([output.stream, output.bytes.slice()]);
        return this.#took(output.attempt, output.bytes.length);
      case "keep": {
        const { kept, printed } = this.#of(output.attempt);
        kept.push([output.stream, output.bytes.slice()]);
        printed.push([output.stream, output.bytes.slice()]);
        return this.#took(output.attempt, output.bytes.length);
      }
      case "showKept":
        for (const [stream, bytes] of this.#attempts.get(output.attempt)?.kept.splice(0) ?? []) {
          watch.shown(output.attempt, stream, bytes);
        }
        return;
      case "lookUp":
        return this.#lookUp(output.id, output.attempt, output.keys);
      case "remember": {
        const { files, printed } = this.#of(output.attempt);
        this.#around.cache.set(output.key, { files: new Map(files), printed: [...printed] });
        return;
      }
      case "event":
        return watch.event(output.event);
      case "finished":
        this.#isFinished = true;
        watch.finished(output.result, folder);
        return this.#around.finished((this.#machine as BuildMachine).learned);
    }
  }

  #of(attempt: number): AttemptFolder {
    const found = this.#attempts.get(attempt) ?? { open: new Map(), files: new Map(), kept: [], printed: [] };
    this.#attempts.set(attempt, found);
    return found;
  }

  #took(attempt: number, bytes: number): void {
    this.#answer(() => ({ type: "took", attempt, bytes }));
  }

  #endOutput(attempt: number, path: string): void {
    this.#effect(() => {
      const folder = this.#attempts.get(attempt);
      const opened = folder?.open.get(path);
      if (folder === undefined || opened === undefined) return;
      folder.open.delete(path);
      if (this.#around.disk.fails) {
        return this.#feed({ type: "outputFailed", attempt, path, message: "the disk fails" });
      }
      const file = fileOf(new Uint8Array(Buffer.concat(opened.pieces)), opened.mode);
      folder.files.set(path, file);
      this.#feed({ type: "outputWritten", attempt, path, digest: file.digest });
    });
  }

  #commit(attempt: number, paths: readonly string[]): void {
    this.#effect(() => {
      const { files } = this.#of(attempt);
      const outputs = new Map(paths.map((path) => [path, files.get(path) as SimFile]));
      this.#attempts.delete(attempt);
      if (this.#isFinished) return;
      if (this.#around.disk.fails) {
        return this.#feed({ type: "commitFailed", attempt, message: "the disk fails" });
      }
      this.#around.watch.committed(attempt, outputs);
      for (const [path, file] of outputs) this.#around.folder.set(path, file);
      this.#feed({ type: "committed", attempt });
    });
  }

  #lookUp(id: number, attempt: number, keys: readonly string[]): void {
    this.#answer(() => {
      const key = keys.find((one) => this.#around.cache.has(one));
      const cached = this.#around.cache.get(key ?? "");
      if (key === undefined || cached === undefined) return { type: "notFound", id };
      const folder = this.#of(attempt);
      for (const [path, file] of cached.files) folder.files.set(path, file);
      folder.kept.push(...cached.printed);
      return { type: "found", id, key, outputs: [...cached.files.keys()] };
    });
  }

  #runLocal(attempt: number, action: number, command: string, isApart: boolean): void {
    const { folder, toolchain } = this.#around;
    const effect = perform(command, folder, toolchain);
    this.#local.set(attempt, { action, effect, isApart });
    this.#answer(() => ({ type: "localStarted", attempt }));
    this.#later(effect.workMs, () => this.#endLocal(attempt, effect.signal, effect.code));
  }

  #killLocal(attempt: number, hard: boolean): void {
    const run = this.#local.get(attempt);
    if (run === undefined || (!hard && run.effect.isStubborn)) return;
    this.#local.delete(attempt);
    this.#later(0, () => this.#feed({ type: "localEnded", attempt, end: endOf(hard ? 9 : 15, 0) }));
  }

  #endLocal(attempt: number, signal: number, code: number): void {
    const run = this.#local.get(attempt);
    if (run === undefined) return;
    this.#local.delete(attempt);
    const { effect, action, isApart } = run;
    const folder = isApart ? this.#of(attempt).files : this.#around.folder;
    if (!isApart) this.#around.watch.ranHere(action, code === 0 && signal === 0);
    for (const [path, file] of effect.outputs) folder.set(path, file);
    const made = isApart ? [...effect.outputs].map(([path, { bytes }]) => ({ path, size: bytes.length })) : [];
    this.#around.watch.shown(attempt, "stdout", effect.stdout);
    this.#around.watch.shown(attempt, "stderr", effect.stderr);
    this.#feed({ type: "localEnded", attempt, end: endOf(signal, code), made });
  }
}

function endOf(signal: number, code: number): RunEnd {
  const measured = { cpuMicros: 1, peakBytes: 1, wallMicros: 1, text: "" };
  return signal > 0 ? { ...measured, end: "SIGNALLED", code: signal } : { ...measured, end: "EXITED", code };
}

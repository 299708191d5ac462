/** A server as a node of the simulator: what the driver of sockets, store and processes does, and what the oracles see. */
import type { NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import {
  decodeClientMessage,
  decodeServerMessage,
  encode,
  type ServerEvent,
  type ServerInput,
  type ServerMachine,
  type ServerMachineOptions,
  type ServerOutput,
  type ServerView,
} from "../../src/core/index.js";
import { Cpu } from "./cpu.js";
import { digestOf, fileOf, type SimFile } from "./files.js";
import { Frames } from "./frames.js";
import type { Liar } from "./lies.js";
import { ReservationWatch } from "./reservation-watch.js";
import { seededPlatform } from "./seeded-platform.js";
import { SimulatedRun } from "./simulated-run.js";
import { Violation } from "./violation.js";

export const PORT = 6238;

export interface ServerSurroundings {
  readonly options: Omit<ServerMachineOptions, "toolchain">;
  /** Of its next start. */
  readonly toolchain: () => string;
  readonly Machine: typeof ServerMachine;
  /** Work a millisecond and core, and cores that others leave. */
  readonly speed: number;
  readonly freeCores: number;
  readonly effectMs: number;
  readonly lingerMs: number;
  readonly highWaterBytes: number;
  readonly unsent: (connection: number) => number;
  /** Its store, which outlives it. */
  readonly stored: Map<string, SimFile>;
  readonly disk: { fails: boolean };
  readonly liar: Liar | undefined;
  readonly isWatched: boolean;
  readonly event: (event: ServerEvent) => void;
  /** An action begins to run. */
  readonly runs: (action: number) => void;
}

interface Served {
  readonly id: number;
  readonly heard: Frames<ReturnType<typeof decodeClientMessage>>;
  readonly said: Frames<ReturnType<typeof decodeServerMessage>>;
  isFull: boolean;
  /** For the machine it is over; and it was ended. */
  isTold: boolean;
  isEnded: boolean;
}

interface Upload {
  readonly pieces: Uint8Array[];
  readonly digest: string | undefined;
}

type Token = () => void;

export class ServerProgram implements NodeProgram {
  readonly #around: ServerSurroundings;
  readonly #environment: NodeEnvironment;
  readonly #served = new Map<number, Served>();
  readonly #uploads = new Map<number, Upload>();
  readonly #runs = new Map<number, SimulatedRun>();
  readonly #wrote = new Set<Served>();
  readonly #tooFull = new Set<Served>();
  readonly #cpu: Cpu;
  readonly #reservations: ReservationWatch;
  #machine: ServerMachine | undefined;
  #now = 0;
  #out: NodeOutput[] = [];

  constructor(environment: NodeEnvironment, around: ServerSurroundings) {
    this.#environment = environment;
    this.#around = around;
    this.#cpu = new Cpu(around.speed, around.freeCores);
    this.#reservations = new ReservationWatch(around.options.validForMs ?? 5_000);
  }

  /** What is not free, in words; undefined where all is. */
  get busy(): string | undefined {
    const view = this.#machine?.view() as ServerView;
    const { connections, reserved, running, uploads, pinned } = view;
    if (connections + reserved + running + uploads + pinned > 0) return JSON.stringify(view);
    if (this.#runs.size > 0) return `${this.#runs.size} folders`;
    if (this.#uploads.size > 0) return `${this.#uploads.size} files of uploads`;
    return this.#cpu.running > 0 ? `${this.#cpu.running} processes` : undefined;
  }

  nextDeadline(): number | undefined {
    for (const served of this.#wrote) {
      const { highWaterBytes, unsent } = this.#around;
      if (!served.isFull && !served.isEnded && unsent(served.id) > highWaterBytes) this.#tooFull.add(served);
    }
    this.#wrote.clear();
    if (this.#tooFull.size > 0) return this.#now;
    const at = Math.min(this.#machine?.nextDeadline() ?? Number.POSITIVE_INFINITY, this.#cpu.nextDeadline());
    return at === Number.POSITIVE_INFINITY ? undefined : at;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    this.#now = now;
    this.#out = [];
    for (const served of this.#tooFull) {
      served.isFull = true;
      if (!served.isTold) this.#feed({ type: "full", connection: -served.id });
    }
    this.#tooFull.clear();
    this.#input(input);
    this.#cpu.advance(now);
    if (this.#around.isWatched) this.#reservations.check(now);
    return this.#out;
  }

  #input(input: NodeInput): void {
    switch (input.type) {
      case "start":
        return this.#start();
      case "accepted":
        return this.#accepted(input.connection);
      case "bytes":
        return this.#received(input.connection, input.bytes);
      case "drained": {
        const served = this.#served.get(input.connection);
        if (served === undefined || served.isTold || !served.isFull) return;
        served.isFull = false;
        return this.#feed({ type: "drained", connection: -served.id });
      }
      case "end":
      case "closed":
        return this.#gone(input.connection, input.type === "closed");
      case "tick":
        this.#cpu.advance(this.#now);
        return this.#feed({ type: "tick" });
      case "later":
        return (input.token as Token)();
      case "command":
        if (input.command !== "restart") return this.#feed(input.command as ServerInput);
        for (const id of this.#served.keys()) {
          this.#reservations.gone(id);
          this.#out.push({ type: "reset", connection: id });
        }
        for (const run of this.#runs.values()) run.remove();
        for (const all of [this.#served, this.#runs, this.#uploads]) all.clear();
        return this.#start();
    }
  }

  #start(): void {
    const { Machine, stored, freeCores, toolchain } = this.#around;
    const options = { ...this.#around.options, toolchain: toolchain() };
    const platform = seededPlatform(this.#environment.randomBytes);
    const files = [...stored].map(([digest, { bytes }]) => ({ digest, size: bytes.length }));
    const machine = new Machine(options, platform, files);
    if (this.#machine === undefined) this.#out.push({ type: "listen", port: PORT });
    this.#machine = machine;
    this.#feed({ type: "load", busyCores: Math.max(0, (options.cores ?? 1) - freeCores) });
  }

  #accepted(id: number): void {
    this.#served.set(id, {
      id,
      heard: new Frames(decodeClientMessage),
      said: new Frames(decodeServerMessage),
      isFull: false,
      isTold: false,
      isEnded: false,
    });
    this.#feed({ type: "opened", connection: -id });
  }

  #received(id: number, bytes: Uint8Array): void {
    const served = this.#served.get(id);
    if (served === undefined || served.isTold) return;
    this.#feed({ type: "data", connection: -id, bytes });
    if (!this.#around.isWatched) return;
    for (const message of served.heard.take(bytes)) {
      if (message !== undefined) this.#reservations.heard(this.#now, id, message);
    }
  }

  #gone(id: number, isClosed: boolean): void {
    const served = this.#served.get(id);
    if (served === undefined) return;
    if (!served.isTold) {
      served.isTold = true;
      this.#feed({ type: "closed", connection: -id });
    }
    this.#reservations.gone(id);
    if (isClosed) this.#served.delete(id);
    else this.#end(served);
  }

  #end(served: Served): void {
    if (served.isEnded) return;
    served.isEnded = true;
    this.#reservations.gone(served.id);
    this.#out.push({ type: "end", connection: served.id });
    this.#later(this.#around.lingerMs, () => {
      if (this.#served.delete(served.id)) this.#out.push({ type: "reset", connection: served.id });
    });
  }

  #later(afterMs: number, token: Token): void {
    this.#out.push({ type: "later", afterMs, token });
  }

  /** What takes the disk its time; a server that is started anew hears nothing of what the one before it had asked for. */
  #effect(token: Token): void {
    const machine = this.#machine;
    this.#later(this.#around.effectMs, () => {
      if (this.#machine === machine) token();
    });
  }

  #feed(input: ServerInput): void {
    for (const output of this.#machine?.handle(this.#now, input) ?? []) this.#perform(output);
  }

  #perform(output: ServerOutput): void {
    const { stored, disk } = this.#around;
    switch (output.type) {
      case "send":
        return this.#send(output.connection, output.bytes);
      case "close": {
        const served = this.#served.get(-output.connection);
        if (served === undefined) return;
        served.isTold = true;
        return this.#end(served);
      }
      case "pause":
      case "resume":
        this.#out.push({ type: output.type, connection: -output.connection });
        return;
      case "openUpload":
        this.#uploads.set(output.upload, { pieces: [], digest: output.digest });
        return;
      case "writeUpload": {
        this.#uploads.get(output.upload)?.pieces.push(output.bytes.slice());
        const bytes = output.bytes.length;
        return this.#ofUpload(output.upload, () => ({ type: "uploadTook", upload: output.upload, bytes }));
      }
      case "endUpload":
        return this.#ofUpload(output.upload, (upload) => this.#uploaded(output.upload, upload));
      case "dropUpload":
        this.#uploads.delete(output.upload);
        return;
      case "evict":
        stored.delete(output.digest);
        return;
      case "start":
        return this.#run(output.run, new SimulatedRun(output.job, this.#listenTo(output.run)));
      case "pull":
        return this.#runs.get(output.run)?.pull(output.stream, output.maxBytes);
      case "kill":
        return this.#runs.get(output.run)?.kill(this.#now, output.hard);
      case "collect":
        return this.#ofRun(output.run, (run): ServerInput => {
          if (disk.fails) return { type: "collectFailed", run: output.run, limited: false, message: "the disk fails" };
          if (run.collect(output.wanted)) return { type: "collected", run: output.run, outputs: run.outputs };
          return { type: "collectFailed", run: output.run, limited: true, message: "nothing matches a pattern" };
        });
      case "readOutput": {
        const { run, index, offset, maxBytes } = output;
        return this.#ofRun(run, ({ outputs }) => {
          if (disk.fails) return { type: "outputFailed", run, index, message: "the disk fails" };
          const bytes = outputs[index]?.bytes.slice(offset, offset + maxBytes) ?? new Uint8Array(0);
          return { type: "outputBytes", run, index, bytes };
        });
      }
      case "remove":
        this.#runs.get(output.run)?.remove();
        return this.#effect(() => {
          this.#runs.delete(output.run);
          this.#feed({ type: "removed", run: output.run });
        });
      case "event":
        return this.#around.event(output.event);
    }
  }

  #send(connection: number, bytes: Uint8Array): void {
    const served = this.#served.get(-connection);
    if (served === undefined || served.isEnded) return;
    const { liar, isWatched } = this.#around;
    this.#wrote.add(served);
    const messages = liar !== undefined || isWatched ? served.said.take(bytes) : [];
    for (const message of messages) {
      if (message !== undefined && isWatched) this.#reservations.said(this.#now, -connection, message);
    }
    if (liar === undefined) {
      this.#out.push({ type: "write", connection: -connection, bytes });
      return;
    }
    for (const message of messages) {
      for (const said of message === undefined ? [] : liar.says(this.#now, connection, message)) {
        const forged = said instanceof Uint8Array ? said : encode(said);
        this.#out.push({ type: "write", connection: -connection, bytes: forged });
      }
    }
  }

  #ofUpload(id: number, answer: (upload: Upload) => ServerInput): void {
    this.#effect(() => {
      const upload = this.#uploads.get(id);
      if (upload === undefined) return;
      if (!this.#around.disk.fails) return this.#tellOfUpload(answer(upload));
      this.#uploads.delete(id);
      this.#feed({ type: "uploadFailed", upload: id, message: "the disk fails", diskFull: id % 2 === 0 });
    });
  }

  #tellOfUpload(input: ServerInput): void {
    this.#reservations.stored(this.#now);
    this.#feed(input);
  }

  #uploaded(id: number, { pieces, digest }: Upload): ServerInput {
    const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const piece of pieces) {
      bytes.set(piece, at);
      at += piece.length;
    }
    const found = digestOf(bytes);
    if (digest === undefined || digest === found) this.#around.stored.set(found, fileOf(bytes, 0o644));
    this.#uploads.delete(id);
    return { type: "uploaded", upload: id, digest: found };
  }

  #run(id: number, run: SimulatedRun): void {
    const { options, stored, disk, runs, toolchain } = this.#around;
    this.#runs.set(id, run);
    const slots = options.slots ?? options.cores ?? 1;
    if (this.#runs.size > slots) throw new Violation("F", `${this.#runs.size} folders of runs with ${slots} slots`);
    this.#effect(() => {
      if (this.#runs.get(id) !== run) return;
      const gone = run.job.inputs.filter(({ digest }) => !stored.has(digest)).map(({ digest }) => digest);
      if (gone.length > 0 || disk.fails) {
        return this.#feed({ type: "startFailed", run: id, message: disk.fails ? "the disk fails" : "", gone });
      }
      runs(run.index);
      run.start(this.#now, stored, this.#cpu, toolchain(), () => this.#now);
      this.#feed({ type: "started", run: id });
    });
  }

  #listenTo(run: number): ConstructorParameters<typeof SimulatedRun>[1] {
    return {
      printed: (stream, bytes) => this.#ofRun(run, () => ({ type: "printed", run, stream, bytes })),
      streamEnded: (stream) => this.#ofRun(run, () => ({ type: "streamEnded", run, stream })),
      ended: (end) => this.#ofRun(run, () => ({ type: "ended", run, end })),
    };
  }

  #ofRun(id: number, answer: (run: SimulatedRun) => ServerInput): void {
    this.#effect(() => {
      const run = this.#runs.get(id);
      if (run !== undefined) this.#feed(answer(run));
    });
  }
}

/** `hftp get` as a node of the simulator: a Download, its connections, and a disk that outlives a crash. */
import type { Endpoint, NodeEnvironment, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import {
  type ClientSessionOptions,
  ConnectionError,
  type Download,
  type DownloadInput,
  type DownloadMachineOptions,
  type DownloadOutput,
} from "../../src/core/index.js";
import type { ClientSessionClass } from "./client-program.js";
import { ClientStream } from "./client-stream.js";
import type { Moments } from "./moments.js";
import { type FileEffect, SimulatedDisk } from "./simulated-disk.js";

/** What became of one run of the command. */
export interface GetRecord {
  readonly startedAt: number;
  endedAt: number | undefined;
  result: Extract<DownloadOutput, { readonly type: "finished" | "failed" }> | undefined;
  readonly notices: string[];
  /** Bytes that waited to be written, at most. */
  mostPendingWrites: number;
  readonly disk: SimulatedDisk;
}

export type DownloadClass = new (
  options: DownloadMachineOptions,
  randomBytes: (length: number) => Uint8Array,
) => Download;

export interface GetProgramOptions {
  readonly server: Endpoint;
  readonly download: DownloadMachineOptions;
  readonly session: ClientSessionOptions;
  /** How long the next effect on the disk takes, in milliseconds; 0: it is done at once. */
  readonly diskMs: () => number;
  readonly Session: ClientSessionClass;
  readonly Download: DownloadClass;
}

/** What a scenario can have it do: Ctrl-C. */
export interface GetCommand {
  readonly type: "give-up";
}

export class HftpGetProgram implements NodeProgram {
  readonly #options: GetProgramOptions;
  readonly #moments: Moments;
  readonly #machine: Download;
  readonly #disk: SimulatedDisk;
  readonly #record: GetRecord;
  readonly #streams = new Map<number, ClientStream>();
  readonly #inputs: DownloadInput[] = [];
  #running = false;
  #pendingWrites = 0;
  /** Of the input that is being handled. */
  #now = 0;
  #out: NodeOutput[] = [];

  /** After a crash it is started with `--resume`, as a person would. */
  constructor(environment: NodeEnvironment, options: GetProgramOptions, moments: Moments, records: GetRecord[]) {
    const { durable, randomBytes, incarnation } = environment;
    this.#options = options;
    this.#moments = moments;
    const resume = options.download.resume === true || incarnation > 1;
    this.#machine = new options.Download({ ...options.download, resume }, randomBytes);
    this.#disk = (durable.get("disk") as SimulatedDisk | undefined) ?? new SimulatedDisk();
    durable.set("disk", this.#disk);
    this.#disk.powerUp(() => ((randomBytes(1)[0] ?? 0) & 1) === 1);
    const startedAt = moments.next();
    const disk = this.#disk;
    this.#record = { startedAt, endedAt: undefined, result: undefined, notices: [], mostPendingWrites: 0, disk };
    records.push(this.#record);
  }

  /** The download has ended, and all connections are gone. */
  get isDone(): boolean {
    return this.#record.result !== undefined && this.#streams.size === 0;
  }

  nextDeadline(): number | undefined {
    const deadlines = [this.#machine.nextDeadline(), ...[...this.#streams.values()].map((one) => one.nextDeadline())];
    const next = Math.min(...deadlines.filter((one) => one !== undefined));
    return Number.isFinite(next) ? next : undefined;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    this.#now = now;
    this.#out = [];
    switch (input.type) {
      case "start":
        this.#input({ type: "start" });
        break;
      case "tick":
        for (const stream of [...this.#streams.values()]) stream.tick(now, this.#out);
        this.#input({ type: "tick" });
        break;
      case "later":
        this.#input(this.#done(input.token as FileEffect));
        break;
      case "command":
        this.#input({ type: "abort", reason: (input.command as GetCommand).type });
        break;
      default:
        if ("connection" in input) this.#streams.get(input.connection)?.take(now, input, this.#out);
    }
    for (const [number, stream] of this.#streams) if (stream.isGone) this.#streams.delete(number);
    return this.#out;
  }

  #input(input: DownloadInput): void {
    this.#inputs.push(input);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) {
      for (const output of this.#machine.handle(this.#now, next)) this.#perform(output);
    }
    this.#running = false;
  }

  #perform(output: DownloadOutput): void {
    switch (output.type) {
      case "connect":
        return this.#connect(output.connection);
      case "ask":
        return this.#streams.get(output.connection)?.request(this.#now, output.id, output.request, this.#out);
      case "quit":
        return this.#streams.get(output.connection)?.request(this.#now, 0, { type: "quit" }, this.#out);
      case "drop":
        return this.#streams.get(output.connection)?.destroy(this.#now, this.#out);
      case "pause":
        return this.#streams.get(output.connection)?.pause(this.#now, this.#out);
      case "resume":
        return this.#streams.get(output.connection)?.resume(this.#now, this.#out);
      case "notice":
        this.#record.notices.push(output.notice.code);
        return;
      case "progress":
      case "cancel": // the digest is done whole
        return;
      case "finished":
      case "failed":
        this.#record.result = output;
        this.#record.endedAt = this.#moments.next();
        for (const stream of this.#streams.values()) stream.destroy(this.#now, this.#out);
        return;
      default: {
        if (output.type === "write") this.#pend(output.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
        const afterMs = this.#options.diskMs();
        if (afterMs === 0) this.#inputs.push(this.#done(output));
        else this.#out.push({ type: "later", afterMs, token: output });
      }
    }
  }

  #connect(connection: number): void {
    const { server, session, Session, download } = this.#options;
    this.#out.push({ type: "connect", connection, to: server });
    const lostWithout = new ConnectionError("CLOSED", "the server closed the connection");
    const stream = new ClientStream(
      connection,
      new Session({ ...session, maxPipelined: download.pipeline }, this.#now),
      {
        output: (output) => {
          if (output.type === "data" || output.type === "reply") this.#input({ ...output, connection });
        },
        lost: (error = lostWithout) => this.#input({ type: "lost", connection, error }),
      },
    );
    this.#streams.set(connection, stream);
  }

  #done(effect: FileEffect): DownloadInput {
    if (effect.type === "write") this.#pend(-effect.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
    return this.#disk.perform(effect);
  }

  #pend(bytes: number): void {
    this.#pendingWrites += bytes;
    this.#record.mostPendingWrites = Math.max(this.#record.mostPendingWrites, this.#pendingWrites);
  }
}

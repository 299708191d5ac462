/** An HFTP server as a node of the simulator: one ServerSession a connection, a directory that outlives a crash. */
import type { NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import {
  Admission,
  type AdmissionOptions,
  type RequestParser,
  type ServerInput,
  type ServerSession,
  type ServerSessionOptions,
  type Verdict,
} from "../../src/core/index.js";
import { ServedStream, type SlowEffect, type StreamRecord } from "./served-stream.js";
import type { DirectoryChange, SimulatedDirectory } from "./simulated-directory.js";

export const PORT = 19500;

/** What a scenario can have the server do. */
export type ServerCommand =
  /** Finish what is under way, take no new connections, drop what is left after 10 s (H22). */
  { readonly type: "shutdown" } | DirectoryChange;

/** A class of sessions: the shipped one, or one with a bug. */
export type ServerSessionClass = new (options: ServerSessionOptions) => ServerSession;

export interface ServerProgramOptions {
  readonly session: ServerSessionOptions;
  readonly admission: AdmissionOptions;
  readonly Session: ServerSessionClass;
  /** How long the next effect takes, in milliseconds; 0: it is done at once. */
  readonly diskMs: () => number;
}

interface Served {
  readonly stream: ServedStream;
  readonly address: string;
  readonly verdict: Verdict;
}

const SHUTDOWN_DEADLINE_MS = 10_000;

export class HftpServerProgram implements NodeProgram {
  readonly #options: ServerProgramOptions;
  readonly #directory: SimulatedDirectory;
  readonly #records: StreamRecord[];
  readonly #admission: Admission;
  readonly #served = new Map<number, Served>();
  #closing = false;

  /** @param records where to add the record of every connection */
  constructor(options: ServerProgramOptions, directory: SimulatedDirectory, records: StreamRecord[]) {
    this.#options = options;
    this.#directory = directory;
    this.#records = records;
    this.#admission = new Admission(options.admission);
  }

  /** Files that are open. */
  get openFiles(): number {
    return this.#directory.openFiles;
  }

  /** Connections that are not gone. */
  get connections(): number {
    return this.#served.size;
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { stream } of this.#served.values()) {
      const deadline = stream.nextDeadline();
      if (deadline !== undefined && (next === undefined || deadline < next)) next = deadline;
    }
    return next;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const out: NodeOutput[] = [];
    switch (input.type) {
      case "start":
        this.#directory.openFiles = 0; // the descriptors of a process that crashed went with it
        out.push({ type: "listen", port: PORT });
        break;
      case "accepted":
        this.#accept(now, input.connection, input.from.node, out);
        break;
      case "bytes":
        this.#tell(now, input.connection, { type: "bytes", chunk: input.bytes }, out);
        break;
      case "end":
      case "drained":
      case "closed":
        this.#tell(now, input.connection, { type: input.type }, out);
        break;
      case "later":
        this.#later(now, input.token as SlowEffect | "drop", out);
        break;
      case "tick":
        for (const { stream } of this.#served.values()) {
          if ((stream.nextDeadline() ?? Number.POSITIVE_INFINITY) <= now) stream.handle(now, { type: "tick" }, out);
        }
        break;
      case "command":
        this.#command(now, input.command as ServerCommand, out);
    }
    this.#forgetWhatIsGone();
    return out;
  }

  #accept(now: number, connection: number, address: string, out: NodeOutput[]): void {
    const verdict = this.#closing ? "dropped" : this.#admission.enter(address);
    if (verdict === "dropped") {
      out.push({ type: "reset", connection });
      return;
    }
    const besides = [...this.#served.values()].filter((one) => one.verdict !== "refused").length;
    const stream = this.#createStream(connection, { peer: address, acceptedAt: now, besides });
    this.#served.set(connection, { stream, address, verdict });
    stream.handle(now, { type: "connected", refused: verdict === "refused" }, out);
  }

  #createStream(connection: number, about: Pick<StreamRecord, "peer" | "acceptedAt" | "besides">): ServedStream {
    const record: StreamRecord = {
      ...about,
      served: [],
      endedOn: undefined,
      endedAt: undefined,
      droppedAt: undefined,
      gone: false,
      mostUndrained: 0,
      mostPending: 0,
      largestChunk: 0,
    };
    this.#records.push(record);
    let parser: RequestParser | undefined;
    const session = new (class extends this.#options.Session {
      protected override createParser(maxLineBytes: number): RequestParser {
        parser = super.createParser(maxLineBytes);
        return parser;
      }
    })(this.#options.session);
    const pending = (): number => parser?.pendingBytes ?? 0;
    return new ServedStream(connection, session, this.#directory, this.#options.diskMs, pending, record);
  }

  #tell(now: number, connection: number, input: ServerInput, out: NodeOutput[]): void {
    this.#served.get(connection)?.stream.handle(now, input, out);
  }

  #later(now: number, token: SlowEffect | "drop", out: NodeOutput[]): void {
    if (token !== "drop") return token.stream.finish(now, token.effect, out);
    for (const [connection, { stream }] of this.#served) {
      stream.handle(now, { type: "closed" }, out);
      out.push({ type: "reset", connection });
    }
  }

  #command(now: number, command: ServerCommand, out: NodeOutput[]): void {
    if (command.type !== "shutdown") return this.#directory.change(command);
    this.#closing = true;
    for (const { stream } of this.#served.values()) stream.handle(now, { type: "shutdown" }, out);
    out.push({ type: "later", afterMs: SHUTDOWN_DEADLINE_MS, token: "drop" });
  }

  #forgetWhatIsGone(): void {
    for (const [connection, { stream, address, verdict }] of this.#served) {
      if (!stream.record.gone) continue;
      this.#served.delete(connection);
      this.#admission.leave(address, verdict);
    }
  }
}

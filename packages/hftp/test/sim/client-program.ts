/** A client with a list of requests, on one connection, as a node of the simulator. */
import type { Endpoint, NodeInput, NodeOutput, NodeProgram } from "@lab/simnet";
import type { ClientSession, ClientSessionOptions, HftpError, Request } from "../../src/core/index.js";
import { ClientStream, type Delivered } from "./client-stream.js";
import type { Moments } from "./moments.js";

/** What became of one request. */
export interface RequestRecord {
  readonly request: Request;
  readonly askedAt: number;
  endedAt: number | undefined;
  readonly names: string[];
  readonly data: Uint8Array[];
  reply: { readonly code: number; readonly size?: number; readonly commands?: readonly string[] } | undefined;
  error: HftpError | undefined;
  /** Something came for it when it had ended. */
  endedTwice: boolean;
}

/** What a scenario can have a client do: be a slow reader, or have had enough. */
export type ClientCommand = { readonly type: "stop-reading"; readonly forMs: number } | { readonly type: "give-up" };

/** A class of sessions: the shipped one, or one with a bug. */
export type ClientSessionClass = new (options: ClientSessionOptions, now: number) => ClientSession;

export interface ClientProgramOptions {
  readonly server: Endpoint;
  readonly requests: readonly Request[];
  /** Time between two requests, in milliseconds; 0: all at once. */
  readonly thinkMs: number;
  readonly session: ClientSessionOptions;
  readonly Session: ClientSessionClass;
}

export class HftpClientProgram implements NodeProgram {
  readonly #options: ClientProgramOptions;
  readonly #moments: Moments;
  readonly #records: RequestRecord[];
  readonly #asked: RequestRecord[] = [];
  #stream: ClientStream | undefined;

  /** @param records where to add the record of every request */
  constructor(options: ClientProgramOptions, moments: Moments, records: RequestRecord[]) {
    this.#options = options;
    this.#moments = moments;
    this.#records = records;
  }

  /** The connection is gone, and nothing more is asked. */
  get isDone(): boolean {
    return this.#stream?.isGone === true && this.#asked.length === this.#options.requests.length;
  }

  nextDeadline(): number | undefined {
    return this.#stream?.nextDeadline();
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    const out: NodeOutput[] = [];
    switch (input.type) {
      case "start":
        this.#start(now, out);
        break;
      case "tick":
        this.#stream?.tick(now, out);
        break;
      case "later":
        if (input.token === "ask") this.#ask(now, out);
        else this.#stream?.resume(now, out);
        break;
      case "command":
        this.#command(now, input.command as ClientCommand, out);
        break;
      default:
        this.#stream?.take(now, input, out);
    }
    return out;
  }

  #start(now: number, out: NodeOutput[]): void {
    const { server, session, Session, thinkMs, requests } = this.#options;
    out.push({ type: "connect", connection: 0, to: server });
    this.#stream = new ClientStream(0, new Session(session, now), {
      output: (output) => this.#output(output),
      lost: () => {},
    });
    do this.#ask(now, out);
    while (thinkMs === 0 && this.#asked.length < requests.length);
  }

  #command(now: number, command: ClientCommand, out: NodeOutput[]): void {
    if (command.type === "give-up") return this.#stream?.destroy(now, out);
    this.#stream?.pause(now, out);
    out.push({ type: "later", afterMs: command.forMs, token: "read" });
  }

  #ask(now: number, out: NodeOutput[]): void {
    const id = this.#asked.length;
    const request = this.#options.requests[id];
    if (request === undefined) return;
    const record: RequestRecord = {
      request,
      askedAt: this.#moments.next(),
      endedAt: undefined,
      names: [],
      data: [],
      reply: undefined,
      error: undefined,
      endedTwice: false,
    };
    this.#asked.push(record);
    this.#records.push(record);
    this.#stream?.request(now, id, request, out);
    if (this.#options.thinkMs > 0) out.push({ type: "later", afterMs: this.#options.thinkMs, token: "ask" });
  }

  #output(output: Delivered): void {
    const record = this.#asked[output.id];
    if (record === undefined) throw new Error(`${output.type} for the request ${output.id}, which nobody made`);
    record.endedTwice ||= record.endedAt !== undefined;
    if (output.type === "names") record.names.push(...output.names);
    else if (output.type === "data") record.data.push(output.chunk);
    else {
      if (output.type === "reply") record.reply = output;
      else record.error = output.error;
      record.endedAt = this.#moments.next();
    }
  }
}

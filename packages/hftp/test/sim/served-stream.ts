/** One connection of the simulated server: what node/server-connection.ts is over a socket, over a link of the simulator. */
import type { NodeOutput } from "@lab/simnet";
import type { ServedRequest, ServerInput, ServerOutput, ServerSession } from "../../src/core/index.js";
import type { TestDirectory, TestSource } from "../server/memory-directory.js";

type Effect = Extract<ServerOutput, { readonly type: "stat" | "open" | "list" | "sendFile" }>;

/** An effect that takes its time: comes back to the node as the token of a `later`. */
export interface SlowEffect {
  readonly type: "effect";
  readonly stream: ServedStream;
  readonly effect: Effect;
}

/** What the oracles want to know of one connection. */
export interface StreamRecord {
  readonly peer: string;
  readonly acceptedAt: number;
  /** Connections that the server had taken and still held then. */
  readonly besides: number;
  readonly served: ServedRequest[];
  /** Which input had the server end its side, or drop the connection. */
  endedOn: ServerInput["type"] | undefined;
  /** When it ended its side. */
  endedAt: number | undefined;
  /** When its clock had it drop the connection. */
  droppedAt: number | undefined;
  gone: boolean;
  /** Bytes of replies that were sent and not taken, at most. */
  mostUndrained: number;
  /** Bytes of requests that were taken and not answered, at most. */
  mostPending: number;
  /** Bytes that arrived at once, at most. */
  largestChunk: number;
}

export class ServedStream {
  readonly #connection: number;
  readonly #session: ServerSession;
  readonly #directory: TestDirectory;
  /** How long the next effect takes, in milliseconds; 0: done at once. */
  readonly #diskMs: () => number;
  readonly #pendingBytes: () => number;
  readonly record: StreamRecord;
  #source: TestSource | undefined;
  #listed = 0;
  #undrained = 0;

  constructor(
    connection: number,
    session: ServerSession,
    directory: TestDirectory,
    diskMs: () => number,
    pendingBytes: () => number,
    record: StreamRecord,
  ) {
    this.#connection = connection;
    this.#session = session;
    this.#directory = directory;
    this.#diskMs = diskMs;
    this.#pendingBytes = pendingBytes;
    this.record = record;
  }

  nextDeadline(): number | undefined {
    return this.record.gone ? undefined : this.#session.nextDeadline();
  }

  /** Hands an input to the session, and the results of effects that are done at once. */
  handle(now: number, input: ServerInput, out: NodeOutput[]): void {
    const { record } = this;
    if (record.gone) return;
    if (input.type === "closed") record.gone = true;
    if (input.type === "bytes") record.largestChunk = Math.max(record.largestChunk, input.chunk.length);
    if (input.type === "drained") this.#undrained = 0;
    const results: ServerInput[] = [];
    for (let next: ServerInput | undefined = input; next !== undefined; next = results.shift()) {
      for (const output of this.#session.handle(now, next)) {
        if (output.type === "end" || output.type === "destroy") record.endedOn ??= next.type;
        if (output.type === "end") record.endedAt = now;
        if (output.type === "destroy" && next.type === "tick") record.droppedAt = now;
        this.#perform(output, results, out);
      }
      record.mostPending = Math.max(record.mostPending, this.#pendingBytes());
    }
  }

  /** The disk has done what it took its time for. */
  finish(now: number, effect: Effect, out: NodeOutput[]): void {
    if (this.record.gone) return;
    this.handle(now, this.#result(effect, out), out);
  }

  #perform(output: ServerOutput, results: ServerInput[], out: NodeOutput[]): void {
    const connection = this.#connection;
    switch (output.type) {
      case "send":
        return this.#write(output.bytes, out);
      case "release":
        this.#source?.close();
        this.#source = undefined;
        this.#listed = 0;
        return;
      case "pause":
      case "resume":
      case "end":
        out.push({ type: output.type, connection });
        return;
      case "destroy":
        this.record.gone = true;
        out.push({ type: "reset", connection });
        return;
      case "served":
        this.record.served.push(output.request);
        return;
      default: {
        const afterMs = this.#diskMs();
        const slow: SlowEffect = { type: "effect", stream: this, effect: output };
        if (afterMs === 0) results.push(this.#result(output, out));
        else out.push({ type: "later", afterMs, token: slow });
      }
    }
  }

  #result(effect: Effect, out: NodeOutput[]): ServerInput {
    const { id } = effect;
    try {
      switch (effect.type) {
        case "stat":
          return { type: "file", id, file: this.#directory.stat(effect.name) };
        case "open": {
          const { file, source } = this.#directory.open(effect.name);
          this.#source = source;
          return { type: "file", id, file };
        }
        case "list": {
          const all = this.#directory.entries();
          const entries = all.slice(this.#listed, this.#listed + effect.max);
          this.#listed += entries.length;
          return { type: "entries", id, entries, last: this.#listed >= all.length };
        }
        case "sendFile": {
          const bytes = this.#source?.read(effect.offset, effect.length) ?? new Uint8Array(0);
          const body = effect.encoding === "raw" ? bytes : Buffer.from(Buffer.from(bytes).toString("base64"), "latin1");
          const tail = bytes.length === effect.length ? effect.tail : new Uint8Array(0);
          this.#write(Buffer.concat([effect.head, body, tail]), out);
          return { type: "fileSent", id, bytes: bytes.length };
        }
      }
    } catch (error) {
      return { type: "effectFailed", id, why: (error as Error).message };
    }
  }

  #write(bytes: Uint8Array, out: NodeOutput[]): void {
    if (bytes.length === 0) return;
    this.#undrained += bytes.length;
    this.record.mostUndrained = Math.max(this.record.mostUndrained, this.#undrained);
    out.push({ type: "write", connection: this.#connection, bytes: bytes.slice() }); // status lines are shared arrays
  }
}

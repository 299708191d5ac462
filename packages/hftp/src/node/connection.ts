/** One client connection over a socket: drives a ClientSession, decides nothing. */
import { channel } from "node:diagnostics_channel";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { ClientInput, ClientOutput, ClientSessionOptions } from "../core/client-messages.js";
import { ClientSession } from "../core/client-session.js";
import { HftpError } from "../core/errors.js";
import type { Request } from "../core/requests.js";
import { type TranscriptEntry, TranscriptRecorder } from "../core/transcript.js";

/** Where the server is, and how to talk to it. */
export interface ConnectionOptions extends ClientSessionOptions {
  /** Name or address of the server. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Default 19500. */
  readonly port?: number | undefined;
  /** Speak TLS; the server's certificate is verified, with its name. Default false. */
  readonly tls?: boolean | undefined;
  /** Certificates to trust instead of the system's, as PEM text. Implies `tls`. */
  readonly ca?: string | Uint8Array | undefined;
  /** Is told every line of the exchange. */
  readonly onTranscript?: ((entry: TranscriptEntry) => void) | undefined;
}

/** What a connection tells its owner. */
export interface ConnectionListener {
  /** The connection is made. */
  connected?(): void;
  /** Pieces of replies and replies, and requests that failed. */
  output(output: DeliveredOutput): void;
  /** The connection is of no use any more; `error` where something went wrong. Told once. */
  lost(error: HftpError | undefined): void;
}

export type DeliveredOutput =
  | Extract<ClientOutput, { readonly type: "names" | "reply" | "failed" }>
  /** A piece of a slice, decoded. */
  | { readonly type: "data"; readonly id: number; readonly chunk: Uint8Array };

/**
 * Events of clients, on the channel `lab:hftp:client` of node:diagnostics_channel: `{ type: "line", entry }` for every
 * line of an exchange (TranscriptEntry), `{ type: "open" | "lost", connection, error? }`.
 */
const events = channel("lab:hftp:client");

/** 48 KiB of data: Node decodes base64 in pieces of this size twenty times faster than in pieces above 93 KiB. */
const DECODE_CHARACTERS = 64 * 1024;

/** What one read of a socket may bring. */
const READ_BYTES = 64 * 1024;

export class Connection {
  readonly #session: ClientSession;
  readonly #listener: ConnectionListener;
  readonly #socket: Socket;
  readonly #recorder: TranscriptRecorder;
  readonly #onTranscript: ((entry: TranscriptEntry) => void) | undefined;
  readonly #number: number;
  readonly #inputs: ClientInput[] = [];
  #performing = false;
  #timer: NodeJS.Timeout | undefined;
  #wakesAt = Number.POSITIVE_INFINITY;
  #lost = false;

  /**
   * Begins to connect.
   * @throws TypeError or RangeError for a wrong option
   */
  constructor(options: ConnectionOptions, listener: ConnectionListener, number = 1) {
    const { host = "127.0.0.1", port = 19500, tls = false, ca, onTranscript, ...session } = options;
    this.#session = new ClientSession(only(session), performance.now());
    this.#listener = listener;
    this.#recorder = new TranscriptRecorder(number);
    this.#onTranscript = onTranscript;
    this.#number = number;
    const secure = tls || ca !== undefined;
    const take = (chunk: Uint8Array): void => this.#input({ type: "bytes", chunk });
    this.#socket = openSocket({ host, port, tls, ca }, take);
    let failure: Error | undefined;
    this.#socket
      .once(secure ? "secureConnect" : "connect", () => {
        if (events.hasSubscribers) events.publish({ type: "open", connection: number });
        this.#input({ type: "connected" });
        listener.connected?.();
      })
      .once("end", () => this.#input({ type: "end" }))
      .on("error", (error: Error) => {
        failure ??= describeError(error);
      })
      .once("close", () => {
        this.#input({ type: "closed", ...(failure === undefined ? {} : { error: failure }) });
        this.#gone(undefined);
      });
    this.#arm();
  }

  /** Whether a request can still be answered. */
  get usable(): boolean {
    return !this.#lost && this.#session.usable;
  }

  /** Asks. Whatever is wrong, with the request or with the server, is told as a `failed` output. */
  request(id: number, request: Request): void {
    this.#input({ type: "request", id, request });
  }

  /** Stops reading: the server is held back by TCP, and no timeout runs. */
  pause(): void {
    this.#socket.pause();
    this.#input({ type: "paused" });
  }

  resume(): void {
    this.#input({ type: "resumed" });
    this.#socket.resume();
  }

  /** Drops the connection; requests without a reply fail. */
  destroy(): void {
    this.#socket.destroy();
  }

  #input(input: ClientInput): void {
    this.#inputs.push(input);
    if (!this.#performing) this.#run();
  }

  /** Handles inputs one after another: what a listener asks for in a callback waits until all outputs are performed. */
  #run(): void {
    this.#performing = true;
    try {
      for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
        this.#perform(this.#handle(input));
      }
    } finally {
      this.#performing = false;
      this.#arm();
    }
  }

  /** A request that cannot be sent fails as any other does. */
  #handle(input: ClientInput): readonly ClientOutput[] {
    try {
      return this.#session.handle(performance.now(), input);
    } catch (error) {
      if (input.type !== "request" || !(error instanceof HftpError)) throw error;
      return [{ type: "failed", id: input.id, error }];
    }
  }

  #perform(outputs: readonly ClientOutput[]): void {
    for (const output of outputs) {
      this.#record(output);
      switch (output.type) {
        case "send":
          this.#socket.write(output.bytes);
          break;
        case "body":
          if (!this.#deliver(output)) {
            return this.#perform(this.#session.handle(performance.now(), { type: "undecodable", id: output.id }));
          }
          break;
        case "end":
          this.#socket.end();
          this.#gone(undefined);
          break;
        case "destroy":
          this.#socket.destroy();
          this.#gone(output.error);
          break;
        default:
          this.#listener.output(output);
      }
    }
  }

  /** Answers whether the chunk decoded to as many bytes as it must. */
  #deliver({ id, encoding, chunk, bytes }: Extract<ClientOutput, { readonly type: "body" }>): boolean {
    if (encoding === "raw") {
      this.#listener.output({ type: "data", id, chunk: Uint8Array.from(chunk) }); // the buffer is read into again
      return true;
    }
    const text = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let decoded = 0;
    for (let at = 0; at < text.length; at += DECODE_CHARACTERS) {
      const piece = Buffer.from(text.toString("latin1", at, Math.min(text.length, at + DECODE_CHARACTERS)), "base64");
      const last = at + DECODE_CHARACTERS >= text.length;
      const expected = last ? bytes - decoded : (DECODE_CHARACTERS / 4) * 3;
      if (piece.length !== expected) return false;
      decoded += piece.length;
      this.#listener.output({ type: "data", id, chunk: piece });
    }
    return true;
  }

  #gone(error: HftpError | undefined): void {
    if (this.#lost) return;
    this.#lost = true;
    if (events.hasSubscribers) events.publish({ type: "lost", connection: this.#number, error });
    this.#listener.lost(error);
  }

  #record(output: ClientOutput): void {
    if (this.#onTranscript === undefined && !events.hasSubscribers) return;
    for (const entry of this.#recorder.observe(performance.now(), output)) {
      this.#onTranscript?.(entry);
      if (events.hasSubscribers) events.publish({ type: "line", entry });
    }
  }

  /** One timer, set anew only when it would fire too late: bytes move the deadline back all the time. */
  #arm(): void {
    const deadline = this.#session.nextDeadline();
    if (deadline === undefined || this.#socket.destroyed) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#wakesAt = Number.POSITIVE_INFINITY;
      return;
    }
    if (this.#wakesAt <= deadline) return;
    clearTimeout(this.#timer);
    this.#wakesAt = deadline;
    this.#timer = setTimeout(
      () => {
        this.#wakesAt = Number.POSITIVE_INFINITY;
        this.#input({ type: "tick" });
      },
      Math.max(0, Math.ceil(deadline - performance.now())),
    );
  }
}

/** Only the options of the session, whatever else the object carries. */
function only(options: ClientSessionOptions): ClientSessionOptions {
  const { connectTimeoutMs, replyTimeoutMs, lingerTimeoutMs, maxPipelined } = options;
  const { maxQueuedRequests, maxReplyLineBytes, maxListingBytes } = options;
  return {
    connectTimeoutMs,
    replyTimeoutMs,
    lingerTimeoutMs,
    maxPipelined,
    maxQueuedRequests,
    maxReplyLineBytes,
    maxListingBytes,
  };
}

/**
 * Begins to connect. What comes is handed to `take`, which must not keep it: plain sockets read into one buffer, which
 * spares a new one for every read.
 * @throws TypeError or RangeError for a wrong option
 */
export function openSocket(
  options: Pick<ConnectionOptions, "host" | "port" | "tls" | "ca">,
  take: (chunk: Uint8Array) => void,
): Socket {
  const { host = "127.0.0.1", port = 19500, tls = false, ca } = options;
  if (typeof host !== "string" || host === "") throw new TypeError("host must be the name or address of a server");
  if (typeof port !== "number") throw new TypeError(`port must be a whole number from 1 to 65535, not ${typeof port}`);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new RangeError(`port is ${port}, but must be a whole number from 1 to 65535`);
  }
  if (!tls && ca === undefined) {
    const callback = (length: number, buffer: Uint8Array): boolean => {
      take(buffer.subarray(0, length));
      return true;
    };
    return connectTcp({ host, port, noDelay: true, onread: { buffer: Buffer.allocUnsafeSlow(READ_BYTES), callback } });
  }
  const servername = isIP(host) === 0 ? { servername: host } : {};
  const authority = ca === undefined ? {} : { ca: typeof ca === "string" ? ca : Buffer.from(ca) };
  return connectTls({ host, port, ...servername, ...authority })
    .setNoDelay(true)
    .on("data", take);
}

/** Some errors of node:net (all addresses refused) have an empty message; theirs is put together from their parts. */
function describeError(error: Error): Error {
  if (error.message !== "" || !(error instanceof AggregateError)) return error;
  const parts = error.errors.map((part: unknown) => (part instanceof Error ? part.message : String(part)));
  return new Error(parts.join("; "), { cause: error });
}

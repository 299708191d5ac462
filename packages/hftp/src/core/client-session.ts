/** The client's side of one connection: requests go out, replies come back in their order (docs/hftp.md, H30, H38 to H40). */

import type { ResolvedClientOptions } from "./client-messages.js";
import {
  type ClientInput,
  type ClientOutput,
  type ClientSessionOptions,
  resolveClientOptions,
} from "./client-messages.js";
import { isFatal } from "./codes.js";
import { ConnectionError, type HftpError, LocalProtocolError, RemoteProtocolError } from "./errors.js";
import { ReplyParser } from "./reply-parser.js";
import { encodeRequest, type Request, requestLine } from "./requests.js";

interface Exchange {
  readonly id: number;
  readonly request: Request;
  readonly bytes: Uint8Array;
}

/**
 * A machine for one connection. It sends one request and waits for its reply, unless `maxPipelined` allows more.
 * Every request ends in exactly one `reply` or `failed`, whatever the server sends.
 * After a failure the connection is of no use: all that waits fails with it.
 */
export class ClientSession {
  protected readonly parser: ReplyParser;
  readonly #options: ResolvedClientOptions;
  #state: "connecting" | "open" | "ending" | "closed" = "connecting";
  /** Sent and not answered: in this order the replies come. */
  #sent: Exchange[] = [];
  #waiting: Exchange[] = [];
  /** Answered or failed by the latest bytes: an undecodable body may still undo that. */
  #settled: Exchange[] = [];
  #quitting = false;
  #paused = false;
  #answered = false;
  /** When something moved last: the connection was made, a request went out, a byte came. */
  #movedAt: number;
  #why: HftpError | undefined;

  /**
   * @param options bounds and timeouts
   * @param now when the driver began to connect
   * @throws TypeError or RangeError for a wrong option
   */
  constructor(options: ClientSessionOptions, now: number) {
    this.#options = resolveClientOptions(options);
    this.parser = this.createParser(this.#options);
    this.#movedAt = now;
  }

  /** A method, so that a test can put another parser in and see its tests fail. */
  protected createParser(options: ResolvedClientOptions): ReplyParser {
    return new ReplyParser(options);
  }

  /** Whether a request can still be answered. */
  get usable(): boolean {
    return (this.#state === "connecting" || this.#state === "open") && !this.#quitting;
  }

  /**
   * @throws LocalProtocolError for a request that cannot be written (`INVALID_REQUEST`), an id that is in use
   * (`DUPLICATE_ID`), a request after `quit` (`AFTER_QUIT`), or more than `maxQueuedRequests` (`QUEUE_FULL`)
   */
  handle(now: number, input: ClientInput): ClientOutput[] {
    switch (input.type) {
      case "request":
        return this.#request(now, input.id, input.request);
      case "connected":
        if (this.#state !== "connecting") return [];
        this.#state = "open";
        this.#movedAt = now;
        return this.#send(now);
      case "bytes":
        return this.#bytes(now, input.chunk);
      case "end":
        return this.#ended();
      case "closed":
        return this.#closed(input.error);
      case "undecodable":
        return this.#undecodable(input.id);
      case "paused":
        this.#paused = true;
        return [];
      case "resumed":
        this.#paused = false;
        this.#movedAt = now;
        return [];
      case "tick":
        return this.#tick(now);
    }
  }

  nextDeadline(): number | undefined {
    const limit = this.#limit();
    return limit === undefined ? undefined : this.#movedAt + limit;
  }

  #limit(): number | undefined {
    const { connectTimeoutMs, replyTimeoutMs, lingerTimeoutMs } = this.#options;
    switch (this.#state) {
      case "connecting":
        return connectTimeoutMs;
      case "open":
        if (this.#sent.length === 0 || this.#paused) return undefined;
        return this.#answered ? replyTimeoutMs : connectTimeoutMs;
      case "ending":
        return lingerTimeoutMs;
      case "closed":
        return undefined;
    }
  }

  #request(now: number, id: number, request: Request): ClientOutput[] {
    const exchange: Exchange = { id, request, bytes: encodeRequest(request) };
    if ([...this.#sent, ...this.#waiting].some((one) => one.id === id)) {
      throw new LocalProtocolError("DUPLICATE_ID", `a request with the id ${id} waits for its reply already`);
    }
    if (this.#quitting) throw new LocalProtocolError("AFTER_QUIT", "no request can follow quit on a connection");
    const max = this.#options.maxQueuedRequests;
    if (this.#sent.length + this.#waiting.length >= max) {
      throw new LocalProtocolError(
        "QUEUE_FULL",
        `more than ${max} requests (maxQueuedRequests) wait for their replies`,
      );
    }
    if (this.#state === "ending" || this.#state === "closed") {
      const message = `the connection is closed; not sent: ${requestLine(request)}`;
      const why = this.#why;
      const broken = why instanceof RemoteProtocolError;
      const error = broken ? why : new ConnectionError("CLOSED", message, { cause: why });
      return [{ type: "failed", id, error }];
    }
    this.#quitting = request.type === "quit";
    this.#waiting.push(exchange);
    return this.#send(now);
  }

  #send(now: number): ClientOutput[] {
    const outputs: ClientOutput[] = [];
    while (this.#state === "open" && this.#sent.length < this.#options.maxPipelined) {
      const exchange = this.#waiting.shift();
      if (exchange === undefined) break;
      if (this.#sent.length === 0) {
        this.parser.expect(exchange.request);
        this.#movedAt = now;
      }
      this.#sent.push(exchange);
      outputs.push({ type: "send", ...exchange });
    }
    return outputs;
  }

  #bytes(now: number, chunk: Uint8Array): ClientOutput[] {
    if (this.#state !== "open" || chunk.length === 0) return []; // after the last reply nothing matters
    this.#movedAt = now;
    this.#settled = [];
    this.parser.feed(chunk);
    const outputs: ClientOutput[] = [];
    try {
      for (let exchange = this.#sent[0]; exchange !== undefined; exchange = this.#sent[0]) {
        this.#answered = true;
        const event = this.parser.next();
        if (event === undefined) return outputs;
        if (event.type !== "reply") outputs.push({ ...event, id: exchange.id });
        else if (this.#complete(exchange, outputs, event.reply)) return outputs;
        else outputs.push(...this.#send(now));
      }
      if (!this.parser.hasBytes) return outputs;
      throw new RemoteProtocolError("UNASKED", "the server broke the protocol: it sent bytes that nobody asked for");
    } catch (error) {
      if (!(error instanceof RemoteProtocolError)) throw error;
      outputs.push(...this.#fail(error));
      return outputs;
    }
  }

  /** A reply is complete. Answers whether it was the last one of the connection. */
  #complete(
    exchange: Exchange,
    outputs: ClientOutput[],
    reply: { readonly code: number; readonly text: string },
  ): boolean {
    this.#sent.shift();
    this.#settled.push(exchange);
    outputs.push({ type: "reply", id: exchange.id, ...reply });
    const next = this.#sent[0];
    if (isFatal(reply.code) || exchange.request.type === "quit") {
      const why = new ConnectionError("CLOSED", `the connection ended with the reply ${reply.code} ${reply.text}`);
      outputs.push(...this.#settle(why), { type: "end" });
      this.#state = "ending";
      return true;
    }
    if (next !== undefined) this.parser.expect(next.request);
    return false;
  }

  #undecodable(id: number): ClientOutput[] {
    const from = this.#settled.findIndex((one) => one.id === id);
    if (from !== -1) this.#sent.unshift(...this.#settled.splice(from));
    else if (this.#sent[0]?.id !== id) return [];
    this.#state = "open";
    return this.#fail(new RemoteProtocolError("BAD_REPLY", "the server broke the protocol: invalid base64"));
  }

  #ended(): ClientOutput[] {
    if (this.#state === "closed") return [];
    if (this.#state === "ending" || this.#sent.length + this.#waiting.length === 0) {
      this.#state = "closed";
      return [{ type: "destroy" }];
    }
    return this.#fail(this.#lost("the server closed the connection"));
  }

  #closed(error: Error | undefined): ClientOutput[] {
    if (this.#state === "closed") return [];
    if (this.#state === "ending") {
      this.#state = "closed";
      return [{ type: "destroy" }];
    }
    if (this.#state === "connecting") {
      const message = `the connection could not be made${error === undefined ? "" : `: ${error.message}`}`;
      return this.#fail(new ConnectionError("CONNECT_FAILED", message, { cause: error }));
    }
    const how = error === undefined ? "the connection was closed" : `the connection was lost (${error.message})`;
    return this.#fail(this.#lost(how, error));
  }

  #tick(now: number): ClientOutput[] {
    const limit = this.#limit();
    if (limit === undefined || now < this.#movedAt + limit) return [];
    if (this.#state === "ending") {
      this.#state = "closed";
      return [{ type: "destroy" }];
    }
    const asked = this.#sent[0];
    const what = this.parser.inReply ? "not one more byte of the reply" : "no reply";
    const message =
      asked === undefined ? `no connection in ${limit} ms` : `${what} in ${limit} ms to: ${requestLine(asked.request)}`;
    return this.#fail(new ConnectionError("TIMEOUT", message));
  }

  #lost(what: string, cause?: Error): ConnectionError {
    const asked = this.#sent[0];
    const when = this.parser.inReply ? " in the middle of its reply to: " : " before it answered: ";
    return new ConnectionError("CLOSED", asked === undefined ? what : `${what}${when}${requestLine(asked.request)}`, {
      cause,
    });
  }

  #fail(error: HftpError): ClientOutput[] {
    if (this.#state === "closed") return [];
    const outputs = this.#settle(error);
    this.#state = "closed";
    outputs.push({ type: "destroy", error });
    return outputs;
  }

  /** Fails all that waits. */
  #settle(error: HftpError): ClientOutput[] {
    this.#why ??= error;
    const failed = [...this.#sent, ...this.#waiting];
    this.#settled.push(...failed);
    this.#sent = [];
    this.#waiting = [];
    return failed.map(({ id }) => ({ type: "failed", id, error }));
  }
}

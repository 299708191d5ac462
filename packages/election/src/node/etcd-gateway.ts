/**
 * Requests to etcd's JSON gateway, over kept connections. With node:http rather than the global fetch: a request that is
 * given up takes its connection with it, so that the next one does not wait on one that a partition has cut; nothing is
 * given up by itself after 300 s; TLS is the caller's; and after `close()` no socket is left.
 */
import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
  validateHeaderName,
  validateHeaderValue,
} from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { type ConnectionOptions, createSecureContext } from "node:tls";
import type { EtcdInput, EtcdRequest } from "../core/etcd-contract.js";

/** As `node:tls` takes them. */
export type EtcdTlsOptions = Pick<
  ConnectionOptions,
  "ca" | "cert" | "key" | "passphrase" | "servername" | "rejectUnauthorized"
>;

export interface EtcdGatewayOptions {
  readonly tls: EtcdTlsOptions;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxReplyBytes: number;
}

/** @throws TypeError or RangeError that names the option, for what Node would refuse at every request */
export function checkRequests(
  endpoints: readonly string[],
  headers: EtcdGatewayOptions["headers"],
  tls: EtcdTlsOptions,
): void {
  const wrong = endpoints.find((endpoint) => !URL.canParse(endpoint));
  if (wrong !== undefined) throw new RangeError(`endpoints must be like http://HOST:PORT, not ${wrong}`);
  refuse("headers", () => {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, value);
    }
  });
  refuse("tls", () => void createSecureContext(tls));
}

function refuse(option: string, act: () => void): void {
  try {
    act();
  } catch (cause) {
    throw new TypeError(`${option} cannot be used: ${(cause as Error).message}`, { cause });
  }
}

export class EtcdGateway {
  readonly #options: EtcdGatewayOptions;
  readonly #tell: (input: EtcdInput) => void;
  readonly #http = new HttpAgent({ keepAlive: true });
  readonly #https: HttpsAgent;
  /** How to give up what is under way. */
  readonly #pending = new Map<number, () => void>();
  #onIdle: (() => void) | undefined;

  constructor(options: EtcdGatewayOptions, tell: (input: EtcdInput) => void) {
    this.#options = options;
    this.#tell = tell;
    this.#https = new HttpsAgent({ ...options.tls, keepAlive: true });
  }

  send(asked: EtcdRequest): void {
    let request: ClientRequest;
    try {
      request = this.#begin(asked);
    } catch (error) {
      // What Node refuses to send is one endpoint's failure like others. Told later: the machine is not told while it tells.
      const timer = setImmediate(() =>
        finishEarly({ type: "failed", id: asked.id, message: (error as Error).message }),
      );
      const finishEarly = (input?: EtcdInput): void => {
        clearImmediate(timer);
        this.#end(asked.id, input);
      };
      this.#pending.set(asked.id, finishEarly);
      return;
    }
    this.#follow(request, asked);
  }

  /** @throws whatever Node finds wrong with it */
  #begin({ endpoint, path, body, authorization }: EtcdRequest): ClientRequest {
    const isTls = endpoint.startsWith("https:");
    return (isTls ? httpsRequest : httpRequest)(new URL(path, endpoint), {
      method: "POST",
      agent: isTls ? this.#https : this.#http,
      headers: {
        ...this.#options.headers,
        ...(authorization === undefined ? {} : { authorization }),
        "content-type": "application/json",
        "content-length": new TextEncoder().encode(body).length,
      },
    });
  }

  #follow(request: ClientRequest, { id, body, timeoutMs, isWatch }: EtcdRequest): void {
    const finish = (input?: EtcdInput): void => {
      if (!this.#pending.has(id)) return;
      clearTimeout(timer);
      if (input?.type !== "reply") request.destroy();
      this.#end(id, input);
    };
    const fail = (message: string): void => finish({ type: "failed", id, message });
    const timer = setTimeout(() => fail(`no answer within ${Math.round(timeoutMs)} ms`), timeoutMs);
    this.#pending.set(id, finish);
    request.on("error", (error) => fail(error.message));
    request.on("response", (response) => {
      response.on("error", (error) => fail(error.message));
      response.on("close", () => fail("the answer broke off"));
      if (isWatch && response.statusCode !== 200) fail(`${response.statusCode}`);
      else if (isWatch) this.#readLines(response, fail, (line) => this.#tell({ type: "line", id, body: line }));
      else
        this.#readAll(response, fail, (all) =>
          finish({ type: "reply", id, status: response.statusCode ?? 0, body: all }),
        );
    });
    request.end(body);
  }

  #end(id: number, input: EtcdInput | undefined): void {
    if (!this.#pending.delete(id)) return;
    if (input !== undefined) this.#tell(input);
    if (this.#pending.size === 0) this.#onIdle?.();
  }

  /** Gives up a request and its connection; nothing is told of it. */
  cancel(id: number): void {
    this.#pending.get(id)?.();
  }

  /** Waits for what is under way, which has its timeouts, and leaves no connection behind. */
  async close(): Promise<void> {
    if (this.#pending.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
    }
    this.#http.destroy();
    this.#https.destroy();
  }

  #readAll(response: IncomingMessage, fail: (message: string) => void, done: (body: string) => void): void {
    let body = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      body += text;
      if (body.length > this.#options.maxReplyBytes)
        fail(`the answer is longer than ${this.#options.maxReplyBytes} bytes`);
    });
    response.on("end", () => done(body));
  }

  #readLines(response: IncomingMessage, fail: (message: string) => void, line: (body: string) => void): void {
    let partial = "";
    response.setEncoding("utf8");
    response.on("data", (text: string) => {
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      for (const one of lines) line(one);
      if (partial.length > this.#options.maxReplyBytes)
        fail(`a line is longer than ${this.#options.maxReplyBytes} bytes`);
    });
  }
}

/** Asks a node about its cluster, from outside: what a person's tool does (election rules E62 to E66). */
import { connect, type Socket } from "node:net";
import type { ClusterView, LeaderInfo } from "../core/contract.js";
import { ElectionError } from "../core/errors.js";
import { framed } from "../core/framed-payload.js";
import { PayloadStream } from "../core/payload-stream.js";
import { ViewReader } from "../core/view-reader.js";
import { dialable, parseAddress } from "./address.js";
import { QueryError } from "./errors.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import { nodePlatform } from "./platform.js";

export interface QueryOptions {
  /** As the option of the nodes. Default `lab`. */
  readonly cluster?: string | undefined;
  /** As the option of the nodes. Default none. */
  readonly secret?: Uint8Array | undefined;
  /** For all of it, however many nodes are asked. Default 3,000. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** As the option of the nodes. Default none. */
  readonly routes?: Readonly<Record<string, string>> | undefined;
}

export interface RetireOptions extends QueryOptions {
  /** The id of the host that is to lead. Default: the next in line. */
  readonly to?: string | undefined;
}

const queryKeys: KeysOf<QueryOptions> = { cluster: true, secret: true, timeoutMs: true, signal: true, routes: true };
const retireKeys: KeysOf<RetireOptions> = { ...queryKeys, to: true };

/** How often the leader that a node names may turn out not to lead. */
const MAX_HOPS = 4;
const MAX_MS = 2 ** 31 - 1;

/** One connection to one node, and what is asked on it. */
class Conversation {
  readonly #address: string;
  readonly #reader: ViewReader;
  readonly #socket: Socket;
  readonly #stream = new PayloadStream();
  #settle: { resolve: (view: ClusterView) => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;
  #hasHeard = false;

  constructor(address: string, reader: ViewReader, options: QueryOptions, signal: AbortSignal) {
    this.#address = address;
    this.#reader = reader;
    const routes = options.routes ?? {};
    const to = parseAddress("address", Object.hasOwn(routes, address) ? (routes[address] as string) : address, 1);
    this.#socket = connect({ host: to.host, port: to.port, noDelay: true });
    this.#socket
      .on("data", (chunk) => this.#take(chunk))
      .on("error", (error: NodeJS.ErrnoException) => this.#fail(this.#errorOf(error)))
      .on("close", () =>
        this.#fail(
          new QueryError(
            "CLOSED",
            `${address} ended the connection: it is no node of this cluster, has another secret, or stopped`,
          ),
        ),
      );
    signal.addEventListener("abort", () => {
      this.#fail(abortedBy(signal, address));
      this.#socket.destroy();
    });
  }

  /** The view that answers a payload. */
  async say(payload: Uint8Array): Promise<ClusterView> {
    return await new Promise((resolve, reject) => {
      if (this.#failure !== undefined) return reject(this.#failure);
      this.#settle = { resolve, reject };
      this.#socket.write(framed(payload));
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(chunk: Uint8Array): void {
    if (!this.#hasHeard && startsLikeHttp(chunk)) {
      const message = `${this.#address} speaks HTTP: it is no node, but perhaps the dashboard of one`;
      this.#fail(new QueryError("PROTOCOL", message));
      return void this.#socket.destroy();
    }
    this.#hasHeard = true;
    try {
      for (const payload of this.#stream.push(chunk)) {
        const view = this.#reader.read(payload);
        if (view !== undefined) this.#settle?.resolve(view);
        else this.#socket.write(framed(this.#reader.ask()));
      }
      if (this.#stream.error !== undefined) throw this.#stream.error;
    } catch (error) {
      if (!(error instanceof ElectionError)) throw error;
      this.#fail(new QueryError("PROTOCOL", `${this.#address} answered nonsense: ${error.message}`, { cause: error }));
      this.#socket.destroy();
    }
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
  }

  #errorOf(cause: NodeJS.ErrnoException): QueryError {
    if (cause.code === "ECONNREFUSED") {
      return new QueryError("REFUSED", `nobody listens at ${this.#address}`, { cause });
    }
    const why = cause.message || cause.code;
    return new QueryError("CLOSED", `the connection to ${this.#address} failed: ${why}`, { cause });
  }
}

/** As a frame it would be longer than any. */
function startsLikeHttp(chunk: Uint8Array): boolean {
  return new TextDecoder("latin1").decode(chunk.subarray(0, 5)) === "HTTP/";
}

function abortedBy(signal: AbortSignal, address: string): QueryError {
  const cause: unknown = signal.reason;
  const isTimeout = cause instanceof DOMException && cause.name === "TimeoutError";
  return isTimeout
    ? new QueryError("TIMEOUT", `${address} did not answer in time`, { cause })
    : new QueryError("ABORTED", "the question was given up", { cause });
}

/** Runs with a signal for the whole, and leaves no timer behind. */
async function within<Value>(options: QueryOptions, act: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
  const { timeoutMs = 3_000 } = options;
  const accepted = `a number from 1 to ${MAX_MS}`;
  if (typeof timeoutMs !== "number") throw new TypeError(`timeoutMs must be ${accepted}, not ${typeof timeoutMs}`);
  if (!(timeoutMs >= 1 && timeoutMs <= MAX_MS)) {
    throw new RangeError(`timeoutMs is ${timeoutMs}, but must be ${accepted}`);
  }
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(new DOMException("too long", "TimeoutError")), timeoutMs);
  const abort = (): void => controller.abort(options.signal?.reason);
  if (options.signal?.aborted === true) abort();
  else options.signal?.addEventListener("abort", abort, { once: true });
  try {
    return await act(controller.signal);
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", abort);
  }
}

function readerFor({ cluster, secret }: QueryOptions): ViewReader {
  return new ViewReader({ cluster, secret, platform: nodePlatform });
}

async function talk<Value>(
  address: string,
  options: QueryOptions,
  signal: AbortSignal,
  act: (conversation: Conversation, reader: ViewReader) => Promise<Value>,
): Promise<Value> {
  parseAddress("address", address, 1);
  const reader = readerFor(options);
  if (signal.aborted) throw abortedBy(signal, address);
  const conversation = new Conversation(address, reader, options, signal);
  try {
    return await act(conversation, reader);
  } finally {
    conversation.close();
  }
}

/**
 * What a node knows: its role, its leader, and, where it leads, the table of its hosts.
 * @param address `HOST:PORT` of any node
 * @throws QueryError `REFUSED`, `TIMEOUT`, `CLOSED`, `PROTOCOL` or `ABORTED`; TypeError or RangeError for a wrong option
 */
export async function queryNode(address: string, options: QueryOptions = {}): Promise<ClusterView> {
  refuseUnknownKeys(options, queryKeys);
  return await within(options, (signal) =>
    talk(address, options, signal, (conversation, reader) => conversation.say(reader.ask())),
  );
}

/**
 * Asks the leader to hand over, to the host `to` or to the next in line. Any node may be named: it says who leads. Resolves with
 * the leader's view right after it was asked, before anybody else leads.
 * @throws QueryError as `queryNode` does, and `NO_LEADER` where the node knows none
 */
export async function retireLeader(address: string, options: RetireOptions = {}): Promise<ClusterView> {
  refuseUnknownKeys(options, retireKeys);
  return await within(options, async (signal) => {
    let at = address;
    for (let hop = 0; hop <= MAX_HOPS; hop++) {
      const found = await talk(at, options, signal, async (conversation, reader) => {
        const view = await conversation.say(reader.ask());
        if (view.role !== "leader") return view.leader;
        return await conversation.say(reader.retire(view, options.to));
      });
      if (found === undefined) throw new QueryError("NO_LEADER", `${at} knows no leader`);
      if (isView(found)) return found;
      if (dialable(found.address) === undefined) {
        const named = JSON.stringify(found.address);
        throw new QueryError("PROTOCOL", `${at} says that the leader is at ${named}, which is no address`);
      }
      at = found.address;
    }
    throw new QueryError("NO_LEADER", `the leader that the nodes name changed ${MAX_HOPS} times`);
  });
}

function isView(found: ClusterView | LeaderInfo): found is ClusterView {
  return "role" in found;
}

/** A TCP proxy that stands for a bad network between real programs, in whatever language (docs/simnet.md). */
import { randomInt } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { integerFrom } from "../core/checked-numbers.js";
import type { SocketAddress } from "../core/ip-packet.js";
import { onlyKnown } from "../core/known-keys.js";
import { Random } from "../core/random.js";
import { type StreamImpairments, StreamModel } from "../core/stream-model.js";
import type { TraceEvent } from "../core/trace.js";
import {
  checkTarget,
  type Direction,
  directions,
  type ProxyListenOptions,
  type ProxyTarget,
  resolveTarget,
} from "./proxy-address.js";
import { resetSocket } from "./reset-socket.js";
import { type CutKind, TcpConnection, type TcpHappening } from "./tcp-connection.js";
import { type SeenStream, seenStream, type TcpCounters, traceEvent } from "./tcp-reports.js";
import { TimedQueue } from "./timed-queue.js";

/** After so many bytes in a direction, a connection is frozen or reset. */
export interface CutAfter {
  readonly direction: Direction;
  readonly bytes: number;
  readonly how: CutKind;
}

const OPTIONS = [
  "to",
  "toServer",
  "toClient",
  "seed",
  "maxConnections",
  "bufferBytes",
  "connectTimeoutMs",
  "cutAfter",
  "onEvent",
  "onSegment",
] as const;

export interface TcpProxyOptions {
  /** Where connections go. Without it they are reset until `retarget` names it. */
  readonly to?: ProxyTarget | undefined;
  /** What the network does to bytes for the server. Default: nothing. */
  readonly toServer?: StreamImpairments | undefined;
  /** What it does to bytes for clients. Default: the same as `toServer`. */
  readonly toClient?: StreamImpairments | undefined;
  /** Everything random depends on it and on places in each connection's streams alone. Default: a random one. */
  readonly seed?: number | string | undefined;
  /** Connections at a time; others are reset. Default 1,000. */
  readonly maxConnections?: number | undefined;
  /** Bytes that wait for their time, per connection and direction; then the sender is not read. Default 256 KiB. */
  readonly bufferBytes?: number | undefined;
  /** A server that does not answer for so long has refused. Default 10,000 ms. */
  readonly connectTimeoutMs?: number | undefined;
  /** Cuts every connection in the middle. Default: none. */
  readonly cutAfter?: CutAfter | undefined;
  /** Told of everything that happens to a connection, for a diagram. Clients are `client-1`, ..., the target `server`. */
  readonly onEvent?: ((event: TraceEvent) => void) | undefined;
  /** Told of everything that comes to the proxy or leaves it, for a capture. */
  readonly onSegment?: ((segment: SeenStream) => void) | undefined;
}

type Counting = { -readonly [Key in keyof TcpCounters]: TcpCounters[Key] };

export class TcpProxy implements AsyncDisposable {
  /** Repeats the run: `new TcpProxy({ ..., seed })`. */
  readonly seed: number | string;
  readonly #options: TcpProxyOptions;
  readonly #limits: Readonly<Record<"connections" | "bufferBytes" | "connectMs", number>>;
  readonly #impairments: Record<Direction, StreamImpairments>;
  readonly #random: Random;
  readonly #queue = new TimedQueue();
  readonly #connections = new Map<number, TcpConnection>();
  readonly #counters: Readonly<Record<Direction, Counting>> = { "to-server": zeros(), "to-client": zeros() };
  readonly #startedAt = performance.now();
  readonly #frozen = new Set<Direction>();
  #resetsNew = false;
  #server: Server | undefined;
  #to: ProxyTarget | undefined;
  #target: SocketAddress | undefined;
  #address: SocketAddress | undefined;
  #accepted = 0;
  #refused = 0;
  #turnedAway = 0;
  #wasAsked = false;
  #isClosed = false;

  /** @throws TypeError or RangeError for a wrong option, naming it and what is accepted */
  constructor(options: TcpProxyOptions) {
    onlyKnown("the options of a TcpProxy", options, OPTIONS satisfies readonly (keyof TcpProxyOptions)[]);
    const { toServer = {}, toClient = toServer, cutAfter } = options;
    if (options.to !== undefined) checkTarget(options.to);
    this.#to = options.to;
    this.#options = options;
    this.#limits = {
      connections: integerFrom("maxConnections", options.maxConnections ?? 1_000, 1),
      bufferBytes: integerFrom("bufferBytes", options.bufferBytes ?? 256 * 1024, 1),
      connectMs: integerFrom("connectTimeoutMs", options.connectTimeoutMs ?? 10_000, 1, 2 ** 31 - 1),
    };
    if (cutAfter !== undefined) {
      directions(cutAfter.direction);
      integerFrom("cutAfter.bytes", cutAfter.bytes, 0);
      checkKind(cutAfter.how);
    }
    this.seed = options.seed ?? randomInt(2 ** 32);
    this.#random = new Random(this.seed);
    for (const one of [toServer, toClient]) new StreamModel(one, this.#random); // refuses what is wrong
    this.#impairments = { "to-server": toServer, "to-client": toClient };
  }

  /** Starts to forward. @throws what node:net or node:dns say where it cannot listen, or there is no such host */
  async listen({ host = "127.0.0.1", port = 0 }: ProxyListenOptions = {}): Promise<{ host: string; port: number }> {
    integerFrom("port", port, 0, 65_535);
    if (this.#wasAsked || this.#isClosed) throw new Error("a TcpProxy listens once");
    this.#wasAsked = true;
    if (this.#to !== undefined) this.#target = await resolveTarget(this.#to);
    const address = await this.#listenAt({ address: host, port });
    this.#address = address;
    return { host: address.address, port: address.port };
  }

  /** The connections that stand, oldest first. */
  get connections(): readonly TcpConnection[] {
    return [...this.#connections.values()];
  }

  /** Connections that were made to the proxy so far, those that it turned away included. */
  get accepted(): number {
    return this.#accepted + this.#turnedAway;
  }

  /** Connections that the server refused, or did not answer in time. */
  get refused(): number {
    return this.#refused;
  }

  /** Connections that were reset at once: too many at a time, or a cut with `reset`. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** What happened so far in a direction. */
  counters(direction: Direction): TcpCounters {
    return { ...this.#counters[direction] };
  }

  /** Other impairments from the next segment on, for present and coming connections; only coming ones hand over apart. */
  change(impairments: StreamImpairments, direction?: Direction): void {
    new StreamModel(impairments, this.#random); // refuses what is wrong
    for (const one of directions(direction)) {
      this.#impairments[one] = impairments;
      for (const connection of this.#connections.values()) connection.change(impairments, one);
    }
  }

  /**
   * Cuts the network until `heal`. `freeze` (the default): nothing crosses in the given direction (default: in both) and
   * nobody is told, what is sent waits; new connections are taken, and reach the server when it heals. `reset`: every
   * connection is reset, new ones as soon as they are made; it knows no direction.
   */
  cut({ how = "freeze", direction }: { readonly how?: CutKind; readonly direction?: Direction } = {}): void {
    checkKind(how);
    if (how === "reset") {
      this.#resetsNew = true;
      this.resetAll();
      return;
    }
    for (const one of directions(direction)) {
      this.#frozen.add(one);
      for (const connection of this.#connections.values()) connection.freeze(one);
    }
  }

  /**
   * Where connections go from now on, such as a server that came back at another port. Those that were made before stay.
   * @throws TypeError or RangeError for a wrong port, and what node:dns says where there is no such host
   */
  async retarget(to: ProxyTarget): Promise<void> {
    checkTarget(to);
    this.#to = to;
    const target = await resolveTarget(to);
    if (this.#to === to) this.#target = target; // else another was named meanwhile
  }

  /** Ends a cut. What waited goes on its way. */
  heal(direction?: Direction): void {
    if (direction === undefined) this.#resetsNew = false;
    for (const one of directions(direction)) {
      this.#frozen.delete(one);
      for (const connection of this.#connections.values()) connection.heal(one);
    }
  }

  /** Resets every connection that stands. */
  resetAll(): void {
    for (const connection of this.connections) connection.reset();
  }

  /** Stops listening: from now on a client's connect is refused by the system. Connections that stand go on. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.close();
    if (server !== undefined) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Listens again, at the same port. @throws what node:net says, such as EADDRINUSE where somebody took it meanwhile */
  async accept(): Promise<void> {
    if (this.#address === undefined || this.#isClosed) throw new Error("the TcpProxy does not listen");
    if (this.#server === undefined) await this.#listenAt(this.#address);
  }

  /** Closes every socket. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#queue.clear();
    const server = this.#server;
    this.#server = undefined;
    const closed = server === undefined ? undefined : new Promise<void>((resolve) => server.close(() => resolve()));
    const { connections } = this;
    for (const connection of connections) connection.destroy();
    await Promise.all([closed, ...connections.map((connection) => connection.closed)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #listenAt({ address, port }: SocketAddress): Promise<SocketAddress> {
    const server = createServer({ allowHalfOpen: true }, (client) => this.#take(client));
    server.listen({ host: address, port });
    await once(server, "listening");
    if (this.#isClosed) {
      server.close();
      throw new Error("the TcpProxy was closed");
    }
    server.on("error", () => {}); // such as no descriptors left for one more connection
    this.#server = server;
    return server.address() as AddressInfo;
  }

  #take(client: Socket): void {
    const { "to-server": toServer, "to-client": toClient } = this.#impairments;
    const isFull = this.#connections.size >= this.#limits.connections;
    if (isFull || this.#resetsNew || this.#isClosed || this.#target === undefined) {
      this.#turnedAway++;
      client.on("error", () => {});
      resetSocket(client);
      return;
    }
    const number = ++this.#accepted;
    const connection = new TcpConnection({
      number,
      client,
      target: this.#target,
      impairments: { "to-server": toServer, "to-client": toClient },
      random: this.#random,
      queue: this.#queue,
      bufferBytes: this.#limits.bufferBytes,
      connectTimeoutMs: this.#limits.connectMs,
      frozen: this.#frozen,
      onHappening: (happening) => this.#report(happening),
      onImpaired: (direction, how) => this.#counters[direction][how]++,
    });
    this.#connections.set(number, connection);
    void connection.closed.then(() => this.#connections.delete(number));
    const { cutAfter } = this.#options;
    if (cutAfter !== undefined) connection.cutAfter(cutAfter.direction, cutAfter.bytes, cutAfter.how);
  }

  #report(happening: TcpHappening): void {
    const { what, direction, arrived, bytes, sentAt } = happening;
    const counters = this.#counters[direction];
    if (what === "bytes") counters[arrived ? "forwardedBytes" : "receivedBytes"] += bytes.length;
    else if (what === "reset" && arrived) counters.resets++;
    else if (what === "refuse") this.#refused++;
    const { onEvent, onSegment } = this.#options;
    const at = performance.now() - this.#startedAt;
    onEvent?.(traceEvent(at, { ...happening, sentAt: sentAt - this.#startedAt }, this.#to?.port ?? 0));
    if (onSegment !== undefined && this.#address !== undefined && this.#target !== undefined) {
      onSegment(seenStream(at, happening, this.#address, this.#target));
    }
  }
}

function zeros(): Counting {
  return { receivedBytes: 0, forwardedBytes: 0, dropped: 0, corrupted: 0, resets: 0 };
}

function checkKind(how: CutKind): void {
  if (how !== "freeze" && how !== "reset") throw new TypeError(`how must be freeze or reset, not ${String(how)}`);
}

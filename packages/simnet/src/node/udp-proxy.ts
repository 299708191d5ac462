/** A UDP proxy that stands for a bad network between real programs, in whatever language (docs/simnet.md). */
import { randomInt } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { performance } from "node:perf_hooks";
import { integerFrom } from "../core/checked-numbers.js";
import { type Impairments, resolveImpairments } from "../core/impairments.js";
import type { SocketAddress } from "../core/ip-packet.js";
import { onlyKnown } from "../core/known-keys.js";
import type { Fate } from "../core/link-model.js";
import { Random } from "../core/random.js";
import type { TraceEvent } from "../core/trace.js";
import {
  checkTarget,
  type Direction,
  directions,
  type ProxyListenOptions,
  type ProxyTarget,
  resolveTarget,
} from "./proxy-address.js";
import { TimedQueue } from "./timed-queue.js";
import { noneCounted, type UdpCounters, type UdpCounting, type UdpLoss } from "./udp-counters.js";
import { RECEIVE_BUFFER_BYTES, UdpFlow } from "./udp-flow.js";
import { endpoints, type SeenDatagram, type UdpPacket } from "./udp-packet.js";

type Arrival = Extract<Fate, { type: "arrives" }>;

const OPTIONS = [
  "to",
  "toServer",
  "toClient",
  "seed",
  "maxClients",
  "idleTimeoutMs",
  "maxHeldPackets",
  "maxHeldBytes",
  "onEvent",
  "onPacket",
] as const;

export interface UdpProxyOptions {
  readonly to: ProxyTarget;
  /** What the network does to datagrams for the server. Default: nothing. */
  readonly toServer?: Impairments | undefined;
  /** What it does to the answers. Default: the same as `toServer`. */
  readonly toClient?: Impairments | undefined;
  /** Everything random depends on it and on the order of each client's datagrams alone. Default: a random one. */
  readonly seed?: number | string | undefined;
  /** Clients (address and port) at a time; the datagrams of others are lost. Default 1,000. */
  readonly maxClients?: number | undefined;
  /** A client is forgotten when nothing moved for so long. Default 120,000 ms. */
  readonly idleTimeoutMs?: number | undefined;
  /** Datagrams that wait for their time, of all clients together; what comes beyond is lost. Default 65,536. */
  readonly maxHeldPackets?: number | undefined;
  /** Their bytes. Default 64 MiB. */
  readonly maxHeldBytes?: number | undefined;
  /** Told of each datagram that is sent, arrives or is lost, for a diagram. Clients are `client-1`, ..., the target `server`. */
  readonly onEvent?: ((event: TraceEvent) => void) | undefined;
  /** Told of each datagram that comes to the proxy or leaves it, for a capture. */
  readonly onPacket?: ((packet: SeenDatagram) => void) | undefined;
}

/**
 * Each client (address and port) reaches the server from a socket of its own, and over a link of its own: what one
 * client sends moves no decision about another's datagrams.
 */
export class UdpProxy implements AsyncDisposable {
  /** Repeats the run: `new UdpProxy({ ..., seed })`. */
  readonly seed: number | string;
  readonly #options: UdpProxyOptions;
  readonly #limits: Readonly<Record<"clients" | "idleMs" | "packets" | "bytes", number>>;
  readonly #impairments: Record<Direction, Impairments>;
  readonly #random: Random;
  readonly #queue = new TimedQueue();
  readonly #flows = new Map<string, UdpFlow>();
  readonly #counters: Readonly<Record<Direction, UdpCounting>> = {
    "to-server": noneCounted(),
    "to-client": noneCounted(),
  };
  readonly #startedAt = performance.now();
  readonly #cut = new Set<Direction>();
  #socket: Socket | undefined;
  #target: SocketAddress | undefined;
  #address: SocketAddress | undefined;
  #clients = 0;
  #packets = 0;
  #heldPackets = 0;
  #heldBytes = 0;
  #refusals = 0;
  #isClosed = false;

  /** @throws TypeError or RangeError for a wrong option, naming it and what is accepted */
  constructor(options: UdpProxyOptions) {
    onlyKnown("the options of a UdpProxy", options, OPTIONS satisfies readonly (keyof UdpProxyOptions)[]);
    const { toServer = {}, toClient = toServer } = options;
    checkTarget(options.to);
    for (const one of [toServer, toClient]) resolveImpairments(one);
    this.#options = options;
    this.#limits = {
      clients: integerFrom("maxClients", options.maxClients ?? 1_000, 1, 65_535),
      idleMs: integerFrom("idleTimeoutMs", options.idleTimeoutMs ?? 120_000, 1, 2 ** 31 - 1),
      packets: integerFrom("maxHeldPackets", options.maxHeldPackets ?? 65_536, 1),
      bytes: integerFrom("maxHeldBytes", options.maxHeldBytes ?? 64 * 1024 * 1024, 65_507),
    };
    this.#impairments = { "to-server": toServer, "to-client": toClient };
    this.seed = options.seed ?? randomInt(2 ** 32);
    this.#random = new Random(this.seed);
  }

  /** Starts to forward. @throws what node:dgram or node:dns say where it cannot listen, or there is no such host */
  async listen({ host = "127.0.0.1", port = 0 }: ProxyListenOptions = {}): Promise<{ host: string; port: number }> {
    integerFrom("port", port, 0, 65_535);
    if (this.#socket !== undefined || this.#isClosed) throw new Error("a UdpProxy listens once");
    const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: RECEIVE_BUFFER_BYTES });
    this.#socket = socket;
    try {
      this.#target = await resolveTarget(this.#options.to);
      socket.bind(port, host);
      await once(socket, "listening");
    } catch (error) {
      await this.close();
      throw error;
    }
    if (this.#isClosed) throw new Error("the UdpProxy was closed");
    this.#address = socket.address();
    socket.on("message", (bytes, { address, port }) => {
      // A sender that gives no port (RFC 768) can get no answer; send() would throw at that port.
      if (port !== 0) this.#receiveFromClient({ address, port }, bytes);
    });
    socket.on("error", () => {}); // of one send: its callback counts it
    return { host: this.#address.address, port: this.#address.port };
  }

  /** What happened so far to the datagrams of a direction. */
  counters(direction: Direction): UdpCounters {
    const counted = this.#counters[direction];
    return { ...counted, lost: { ...counted.lost } };
  }

  /** Clients that came so far. */
  get clients(): number {
    return this.#clients;
  }

  /** How often the system said that nobody listens at the target. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Other impairments from now on, for present and coming clients; what is on its way stays as it was. */
  change(impairments: Impairments, direction?: Direction): void {
    resolveImpairments(impairments);
    for (const one of directions(direction)) {
      this.#impairments[one] = impairments;
      for (const flow of this.#flows.values()) flow.links[one].change(impairments);
    }
  }

  /** Loses everything that comes from now on. Default: both directions. What is on its way still arrives. */
  cut(direction?: Direction): void {
    for (const one of directions(direction)) {
      this.#cut.add(one);
      for (const flow of this.#flows.values()) flow.links[one].cut();
    }
  }

  heal(direction?: Direction): void {
    for (const one of directions(direction)) {
      this.#cut.delete(one);
      for (const flow of this.#flows.values()) flow.links[one].heal();
    }
  }

  /** Closes every socket and forgets what has not arrived. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue.clear();
    for (const flow of this.#flows.values()) flow.close();
    this.#flows.clear();
    const socket = this.#socket;
    if (socket !== undefined) await new Promise<void>((resolve) => socket.close(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #receiveFromClient(client: SocketAddress, bytes: Uint8Array): void {
    const flow = this.#flowOf(client);
    this.#see("client", client, this.#address, bytes);
    if (flow !== undefined) this.#offer(flow, "to-server", bytes);
    else {
      this.#countReceived("to-server", bytes);
      this.#counters["to-server"].lost.clients++;
    }
  }

  #receiveFromServer(flow: UdpFlow, bytes: Uint8Array): void {
    if (this.#isClosed) return;
    this.#see("server", this.#target, flow.local, bytes);
    this.#offer(flow, "to-client", bytes);
  }

  /** The flow of a client, a new one if need be; undefined where there are as many as there may be. */
  #flowOf(client: SocketAddress): UdpFlow | undefined {
    const key = `${client.address} ${client.port}`;
    const known = this.#flows.get(key);
    if (known !== undefined) return known;
    if (this.#flows.size >= this.#limits.clients || this.#target === undefined) return undefined;
    const flow = new UdpFlow({
      number: ++this.#clients,
      client,
      target: this.#target,
      impairments: this.#impairments,
      random: this.#random,
      onAnswer: (one, bytes) => this.#receiveFromServer(one, bytes),
      onError: () => this.#refusals++,
    });
    for (const direction of this.#cut) flow.links[direction].cut();
    this.#flows.set(key, flow);
    this.#expireLater(key, flow, performance.now());
    return flow;
  }

  #expireLater(key: string, flow: UdpFlow, lastUsed: number): void {
    this.#queue.push(lastUsed + this.#limits.idleMs, () => {
      if (flow.held > 0) this.#expireLater(key, flow, performance.now());
      else if (flow.lastUsed > lastUsed) this.#expireLater(key, flow, flow.lastUsed);
      else {
        this.#flows.delete(key);
        flow.close();
      }
    });
  }

  /** A datagram enters the link. */
  #offer(flow: UdpFlow, direction: Direction, bytes: Uint8Array): void {
    const now = performance.now();
    flow.lastUsed = now;
    const packet: UdpPacket = { id: ++this.#packets, direction, flow, sentAt: this.#now() };
    const counters = this.#countReceived(direction, bytes);
    this.#tell({ type: "datagram-sent", at: packet.sentAt, ...this.#ends(packet), bytes });
    const noRoom = !this.#hasRoomFor(bytes); // the link draws all the same: what comes later meets the same fate
    for (const fate of flow.links[direction].offer(now, bytes, { noRoom })) {
      if (fate.type === "lost")
        this.#lose(packet, bytes, noRoom && fate.why === "queue" ? "overflow" : fate.why, fate.why);
      else if (!this.#hasRoomFor(bytes)) this.#lose(packet, bytes, "overflow", "queue");
      else {
        if (fate.copy > 0) counters.duplicated++;
        else if (fate.corrupted) counters.corrupted++;
        if (fate.copy === 0 && fate.reordered) counters.reordered++;
        this.#hold(flow, 1, bytes.length);
        this.#queue.push(fate.at, () => this.#forward(packet, fate));
      }
    }
  }

  /** A datagram has crossed the link. */
  #forward(packet: UdpPacket, { bytes, copy, corrupted, reordered }: Arrival): void {
    const { flow, direction, sentAt } = packet;
    const done = (error: NodeJS.ErrnoException | null): void => {
      this.#hold(flow, -1, -bytes.length);
      if (this.#isClosed) return;
      if (error !== null) {
        if (error.code === "ECONNREFUSED") this.#refusals++;
        this.#lose(packet, bytes, "send", "port");
        return;
      }
      flow.lastUsed = performance.now();
      const counters = this.#counters[direction];
      counters.forwarded++;
      counters.forwardedBytes += bytes.length;
      const fate = { sentAt, bytes, copy, corrupted, reordered };
      this.#tell({ type: "datagram-arrived", at: this.#now(), ...this.#ends(packet), ...fate });
      if (direction === "to-server") this.#see("server", flow.local, this.#target, bytes);
      else this.#see("client", this.#address, flow.client, bytes);
    };
    if (direction === "to-server") flow.send(bytes, done);
    else this.#socket?.send(bytes, flow.client.port, flow.client.address, done);
  }

  #hasRoomFor(bytes: Uint8Array): boolean {
    return this.#heldPackets < this.#limits.packets && this.#heldBytes + bytes.length <= this.#limits.bytes;
  }

  #hold(flow: UdpFlow, packets: 1 | -1, bytes: number): void {
    flow.held += packets;
    this.#heldPackets += packets;
    this.#heldBytes += bytes;
  }

  #countReceived(direction: Direction, bytes: Uint8Array): UdpCounting {
    const counters = this.#counters[direction];
    counters.received++;
    counters.receivedBytes += bytes.length;
    return counters;
  }

  #lose(packet: UdpPacket, bytes: Uint8Array, counted: UdpLoss, why: "drop" | "queue" | "cut" | "port"): void {
    this.#counters[packet.direction].lost[counted]++;
    this.#tell({ type: "datagram-lost", at: this.#now(), ...this.#ends(packet), sentAt: packet.sentAt, bytes, why });
  }

  #ends(packet: UdpPacket): ReturnType<typeof endpoints> {
    return endpoints(packet, this.#options.to.port);
  }

  #tell(event: TraceEvent): void {
    this.#options.onEvent?.(event);
  }

  #see(
    side: "client" | "server",
    from: SocketAddress | undefined,
    to: SocketAddress | undefined,
    bytes: Uint8Array,
  ): void {
    if (from === undefined || to === undefined) return;
    this.#options.onPacket?.({ at: this.#now(), side, from, to, bytes });
  }

  /** Milliseconds since the proxy was made. */
  #now(): number {
    return performance.now() - this.#startedAt;
  }
}

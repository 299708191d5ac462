/** The connections of a world: who listens, who is connected to whom, and the segments between them. */

import type { Endpoint } from "./contract.js";
import type { Scheduled } from "./event-queue.js";
import type { LinkTable } from "./link-table.js";
import type { Random } from "./random.js";
import type { SimulatedNode } from "./simulated-node.js";
import { misuse, StreamEndpoint, type StreamEndpointPlace, type StreamSurroundings } from "./stream-endpoint.js";
import type { ResolvedStreamOptions } from "./stream-options.js";
import { NO_BYTES, type Segment } from "./stream-segment.js";
import type { Timeline } from "./timeline.js";
import type { TraceEvent } from "./trace.js";
import type { TraceRecorder } from "./trace-recorder.js";

const FIRST_CLIENT_PORT = 49_152;
const LAST_PORT = 65_535;

interface Connection {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** The two ends, as long as what arrives for them matters. */
  readonly ends: { client?: StreamEndpoint; server?: StreamEndpoint };
  /** A server's end was made once: a late copy of the opening makes no other. */
  wasAnswered: boolean;
  clientIsOver: boolean;
  serverIsOver: boolean;
}

/** The connections of one node, since its start. */
interface NodeStreams {
  readonly incarnation: number;
  readonly byId: Map<number, StreamEndpoint>;
  readonly chosen: Set<number>;
  accepted: number;
}

/** A segment on its way. */
interface Voyage {
  readonly connection: number;
  readonly to: Endpoint;
  readonly from: Endpoint;
  readonly toRole: "client" | "server";
  readonly sentAt: number;
}

export class StreamNetwork implements StreamSurroundings {
  readonly timeline: Timeline;
  readonly #nodes: ReadonlyMap<string, SimulatedNode>;
  readonly #links: LinkTable;
  readonly #recorder: TraceRecorder;
  readonly #options: ResolvedStreamOptions;
  readonly #random: Random;
  readonly #connections = new Map<number, Connection>();
  readonly #streams = new Map<string, NodeStreams>();
  readonly #clientPorts = new Map<string, number>();
  #made = 0;

  constructor(
    nodes: ReadonlyMap<string, SimulatedNode>,
    links: LinkTable,
    timeline: Timeline,
    recorder: TraceRecorder,
    options: ResolvedStreamOptions,
    random: Random,
  ) {
    this.#nodes = nodes;
    this.#links = links;
    this.timeline = timeline;
    this.#recorder = recorder;
    this.#options = options;
    this.#random = random;
  }

  connect(node: SimulatedNode, id: number, to: Endpoint): void {
    const streams = this.#streamsOf(node);
    if (!Number.isSafeInteger(id) || id < 0) misuse(node.name, id, "its number must be an integer from 0");
    if (streams.chosen.has(id)) misuse(node.name, id, "its number was used before");
    streams.chosen.add(id);
    const connection = ++this.#made;
    const client = { node: node.name, port: this.#clientPort(node.name) };
    this.#connections.set(connection, {
      client,
      server: to,
      ends: {},
      wasAnswered: false,
      clientIsOver: false,
      serverIsOver: true, // there is no server's end yet
    });
    this.#record("stream-connect", connection, client, to);
    this.#makeEnd({ node, id, connection, role: "client", local: client, remote: to }).open();
  }

  write(node: SimulatedNode, id: number, bytes: Uint8Array): void {
    this.#find(node, id)?.write(bytes);
  }

  end(node: SimulatedNode, id: number): void {
    this.#find(node, id)?.end();
  }

  reset(node: SimulatedNode, id: number): void {
    this.#find(node, id)?.reset();
  }

  setReading(node: SimulatedNode, id: number, isReading: boolean): void {
    this.#find(node, id)?.setReading(isReading);
  }

  /** What a program wrote to a connection and was not sent yet; 0 where there is none. */
  unsentBytes(node: SimulatedNode, id: number): number {
    return this.#streamsOf(node).byId.get(id)?.unsentBytes ?? 0;
  }

  /** The node goes on after a pause. */
  resumed(node: SimulatedNode): void {
    for (const endpoint of this.#streamsOf(node).byId.values()) endpoint.tellSoon();
  }

  /** Whether the node's program has anything to be told of its connections. */
  hasNews(node: SimulatedNode): boolean {
    for (const endpoint of this.#streamsOf(node).byId.values()) if (endpoint.hasNews()) return true;
    return false;
  }

  /** The node's program is gone; a host that is up says so to the other sides. */
  crashed(node: SimulatedNode, host: "up" | "down"): void {
    for (const endpoint of [...this.#streamsOf(node).byId.values()]) {
      if (host === "up") endpoint.reset();
      else endpoint.dispose();
    }
    // What had ended has nobody any more to say its last words again.
    for (const { client, server, ends } of [...this.#connections.values()]) {
      if (client.node === node.name) ends.client?.dispose();
      if (server.node === node.name) ends.server?.dispose();
    }
  }

  /** Every connection between the two breaks, for both sides at once. */
  resetBetween(a: string, b: string): void {
    for (const { client, server, ends } of [...this.#connections.values()]) {
      const isBetween = (client.node === a && server.node === b) || (client.node === b && server.node === a);
      if (!isBetween) continue;
      for (const end of [ends.client, ends.server]) if (end?.fail("reset")) this.#recordResetFromOutside(end);
    }
  }

  transmit(from: StreamEndpoint, segment: Segment): void {
    const { connection, role, local, remote } = from.place;
    this.#send(connection, role === "client" ? "server" : "client", local, remote, segment);
  }

  observed(endpoint: StreamEndpoint, what: "accept" | "timeout"): void {
    const { connection, local, remote } = endpoint.place;
    this.#record(`stream-${what}`, connection, local, remote);
  }

  over(endpoint: StreamEndpoint, how: "ended" | "gone"): void {
    const { connection: number, role } = endpoint.place;
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    if (role === "client") connection.clientIsOver = true;
    else connection.serverIsOver = true;
    if (how === "gone") delete connection.ends[role];
    if (connection.clientIsOver && connection.serverIsOver) this.#connections.delete(number);
  }

  forgotten(endpoint: StreamEndpoint): void {
    this.#streamsOf(endpoint.place.node).byId.delete(endpoint.place.id);
  }

  /** For `SegmentArrival` alone. */
  arrived(segment: Segment, voyage: Voyage): void {
    const { connection: number, to, from, toRole, sentAt } = voyage;
    const node = this.#nodes.get(to.node);
    if (node?.hostUp !== true || node.isAsleep) return this.#lost(segment, voyage, "down");
    const connection = this.#connections.get(number);
    if (connection === undefined) return; // over on both sides
    let endpoint = connection.ends[toRole];
    if (endpoint === undefined && segment.carries === "opening" && !connection.wasAnswered && toRole === "server") {
      if (node.listening.has(to.port)) endpoint = this.#accept(node, number, connection);
      else this.#record("stream-refuse", number, to, from);
    }
    if (endpoint === undefined) return this.#answerStranger(segment, voyage);
    const isNew = endpoint.receive(segment);
    if (!isNew || !this.#recorder.isOn) return;
    const { now: at } = this.timeline;
    const common = { at, connection: number, from, to, sentAt };
    if (segment.carries === "bytes") {
      this.#recorder.record({ type: "stream-arrived", ...common, offset: segment.sequence - 1, bytes: segment.bytes });
    } else if (segment.carries === "end") this.#recorder.record({ type: "stream-end", ...common, arrived: true });
    else if (segment.carries === "reset") this.#recorder.record({ type: "stream-reset", ...common, arrived: true });
  }

  #accept(node: SimulatedNode, number: number, connection: Connection): StreamEndpoint {
    const id = --this.#streamsOf(node).accepted;
    connection.wasAnswered = true;
    connection.serverIsOver = false;
    const { server: local, client: remote } = connection;
    return this.#makeEnd({ node, id, connection: number, role: "server", local, remote });
  }

  /** Nobody here knows the connection (any more): whoever sent something is told so. */
  #answerStranger(segment: Segment, { connection, from, to, toRole }: Voyage): void {
    if (segment.carries === "reset") return;
    const { sequence, acknowledges, limit } = segment;
    const reset = {
      carries: "reset",
      sequence: acknowledges,
      bytes: NO_BYTES,
      acknowledges: sequence,
      limit,
      isProbe: false,
    } as const;
    this.#send(connection, toRole === "client" ? "server" : "client", to, from, reset);
  }

  #send(connection: number, toRole: "client" | "server", from: Endpoint, to: Endpoint, segment: Segment): void {
    const at = this.timeline.now;
    const voyage: Voyage = { connection, from, to, toRole, sentAt: at };
    if (segment.carries === "bytes") this.#recorder.counts.segmentsSent++;
    if (segment.carries === "reset") this.#recorder.counts.resets++;
    if (this.#recorder.isOn) this.#recordSent(segment, voyage);
    if (!this.#nodes.has(to.node) || this.#nodes.get(from.node)?.isAsleep === true) {
      return this.#lost(segment, voyage, "down");
    }
    for (const fate of this.#links.offer(at, from.node, to.node, segment.bytes, segment.carries !== "nothing")) {
      if (fate.type === "lost") this.#lost(segment, voyage, fate.why);
      else this.timeline.schedule(fate.at, new SegmentArrival(this, segment, voyage, fate.corrupted));
    }
  }

  /** For `SegmentArrival` too: a checksum does not let a changed segment pass. */
  corrupted(segment: Segment, voyage: Voyage): void {
    this.#lost(segment, voyage, "corrupt");
  }

  #recordSent(segment: Segment, { connection, from, to, sentAt }: Voyage): void {
    const common = { at: sentAt, connection, from, to, sentAt };
    if (segment.carries === "bytes") {
      this.#recorder.record({ type: "stream-sent", ...common, offset: segment.sequence - 1, bytes: segment.bytes });
    } else if (segment.carries === "end") this.#recorder.record({ type: "stream-end", ...common, arrived: false });
    else if (segment.carries === "reset") this.#recorder.record({ type: "stream-reset", ...common, arrived: false });
  }

  /** To an end it looks like a word of the other one, as does what a box on the way sends. */
  #recordResetFromOutside({ place: { connection, local, remote } }: StreamEndpoint): void {
    const { now: at } = this.timeline;
    if (!this.#recorder.isOn) return;
    this.#recorder.record({ type: "stream-reset", at, connection, from: remote, to: local, arrived: true, sentAt: at });
  }

  #lost(segment: Segment, voyage: Voyage, why: Extract<TraceEvent, { type: "stream-lost" }>["why"]): void {
    if (!this.#recorder.isOn || segment.carries === "nothing") return;
    const { connection, from, to, sentAt } = voyage;
    const offset = Math.max(0, segment.sequence - 1);
    const { bytes } = segment;
    const { now: at } = this.timeline;
    this.#recorder.record({ type: "stream-lost", at, connection, from, to, offset, bytes, sentAt, why });
  }

  #record(
    type: "stream-connect" | "stream-accept" | "stream-refuse" | "stream-timeout",
    connection: number,
    from: Endpoint,
    to: Endpoint,
  ): void {
    if (this.#recorder.isOn) this.#recorder.record({ type, at: this.timeline.now, connection, from, to });
  }

  #makeEnd(place: StreamEndpointPlace): StreamEndpoint {
    const random = this.#random.fork(`${place.connection} ${place.role}`);
    const endpoint = new StreamEndpoint(place, this, this.#options, random);
    const connection = this.#connections.get(place.connection);
    if (connection !== undefined) connection.ends[place.role] = endpoint;
    this.#streamsOf(place.node).byId.set(place.id, endpoint);
    return endpoint;
  }

  /** Undefined for a connection that is over. */
  #find(node: SimulatedNode, id: number): StreamEndpoint | undefined {
    const streams = this.#streamsOf(node);
    const wasThere = id < 0 ? id >= streams.accepted : streams.chosen.has(id);
    if (!wasThere) misuse(node.name, id, "there is no such connection");
    return streams.byId.get(id);
  }

  #streamsOf(node: SimulatedNode): NodeStreams {
    let streams = this.#streams.get(node.name);
    if (streams === undefined || streams.incarnation !== node.incarnation) {
      streams = { incarnation: node.incarnation, byId: new Map(), chosen: new Set(), accepted: 0 };
      this.#streams.set(node.name, streams);
    }
    return streams;
  }

  #clientPort(node: string): number {
    const port = this.#clientPorts.get(node) ?? FIRST_CLIENT_PORT;
    this.#clientPorts.set(node, port === LAST_PORT ? FIRST_CLIENT_PORT : port + 1);
    return port;
  }
}

class SegmentArrival implements Scheduled {
  readonly #network: StreamNetwork;
  readonly #segment: Segment;
  readonly #voyage: Voyage;
  readonly #isCorrupted: boolean;

  constructor(network: StreamNetwork, segment: Segment, voyage: Voyage, isCorrupted: boolean) {
    this.#network = network;
    this.#segment = segment;
    this.#voyage = voyage;
    this.#isCorrupted = isCorrupted;
  }

  perform(): void {
    if (this.#isCorrupted) this.#network.corrupted(this.#segment, this.#voyage);
    else this.#network.arrived(this.#segment, this.#voyage);
  }
}

/** A run of the simulator as a pcapng capture, for Wireshark and tshark. */

import type { Endpoint } from "./contract.js";
import type { SocketAddress } from "./ip-packet.js";
import { joined, PcapngWriter } from "./pcapng-writer.js";
import { type Side, TcpCapture } from "./tcp-capture.js";
import type { TraceEvent } from "./trace.js";

export interface CaptureOptions {
  /**
   * Where the capture is taken. `sender`: each packet as and when it was sent, so that what was lost is there, and
   * duplicates and corruption are not. `receiver`: each as and when it arrived, so that duplicates, corruption and
   * another order are there, and what was lost is not. A node: what passes its own interface, out and in.
   * Default `sender`.
   */
  readonly at?: "sender" | "receiver" | { readonly node: string };
  /** IP addresses of nodes. Default: 10.0.0.1, 10.0.0.2, ... in the order in which the nodes appear in the events. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** The time of day that virtual time 0 stands for, in milliseconds since 1970. Default 0. */
  readonly epochMs?: number;
  /** A remark on the whole capture, such as the seed. Default none. */
  readonly comment?: string;
}

/**
 * Datagrams become UDP packets, whose IPv4 identification is the trace's `id` (the copies of one share it) and whose
 * comment says what the link did to them. Connections become TCP segments; an acknowledgement stands at the time at
 * which the bytes arrived, and the end of the handshake at the time at which the server accepted.
 * @throws RangeError for an address that is none, and for a datagram above 65,507 bytes
 */
export function capturePcapng(events: readonly TraceEvent[], options: CaptureOptions = {}): Uint8Array {
  const addresses = assignAddresses(events, options.addresses ?? {});
  const names = Object.fromEntries([...addresses].map(([node, address]) => [address, node]));
  const writer = new PcapngWriter({
    epochMs: options.epochMs ?? 0,
    names,
    ...(options.comment !== undefined && { comment: options.comment }),
  });
  const lostSegments = new Map(
    events.flatMap((event) => (event.type === "stream-lost" ? [[segmentKey(event), event.why]] : [])),
  );
  const capture = new TraceCapture(writer, addresses, options.at ?? "sender", fatesOf(events), lostSegments);
  return joined([writer.header(), ...events.map((event) => capture.packets(event))]);
}

type Viewpoint = NonNullable<CaptureOptions["at"]>;
type DatagramEvent = Extract<TraceEvent, { id: number }>;
type StreamEvent = Extract<TraceEvent, { connection: number }>;

interface Connection {
  readonly client: Endpoint;
  readonly tcp: TcpCapture;
}

class TraceCapture {
  readonly #writer: PcapngWriter;
  readonly #addresses: ReadonlyMap<string, string>;
  readonly #at: Viewpoint;
  readonly #fates: ReadonlyMap<number, readonly string[]>;
  /** Why a segment was lost. */
  readonly #lostSegments: ReadonlyMap<string, string>;
  readonly #connections = new Map<number, Connection>();
  /** How much was sent so far in each direction of a connection: its end stands there, whatever arrives when. */
  readonly #streamBytes = new Map<string, number>();

  constructor(
    writer: PcapngWriter,
    addresses: ReadonlyMap<string, string>,
    at: Viewpoint,
    fates: ReadonlyMap<number, readonly string[]>,
    lostSegments: ReadonlyMap<string, string>,
  ) {
    this.#writer = writer;
    this.#addresses = addresses;
    this.#at = at;
    this.#fates = fates;
    this.#lostSegments = lostSegments;
  }

  packets(event: TraceEvent): Uint8Array {
    if (event.type === "stream-sent") {
      const key = directionKey(event);
      this.#streamBytes.set(key, Math.max(this.#streamBytes.get(key) ?? 0, event.offset + event.bytes.length));
    }
    if ("id" in event) return this.#datagram(event);
    if ("connection" in event) return this.#stream(event);
    return nothing;
  }

  #datagram(event: DatagramEvent): Uint8Array {
    const isSent = event.type === "datagram-sent";
    // A packet for a port that nobody has bound still came over the line.
    const isArrived = event.type === "datagram-arrived" || (event.type === "datagram-lost" && event.why === "port");
    if (!(isSent && this.#seesSent(event)) && !(isArrived && this.#seesArrived(event))) return nothing;
    const remarks = isSent ? (this.#fates.get(event.id) ?? []) : arrivalRemarks(event);
    const comment = remarks.length > 0 ? remarks.join(", ") : undefined;
    const [from, to] = [this.#address(event.from), this.#address(event.to)];
    return this.#writer.udp(event.at, from, to, event.bytes, { comment, identification: event.id });
  }

  #stream(event: StreamEvent): Uint8Array {
    const { at } = event;
    const isSent = this.#seesSent(event);
    const isArrived = this.#seesArrived(event);
    const isTurned = event.type === "stream-accept" || event.type === "stream-refuse"; // these events go from server to client
    const isSeen = this.#at === "sender" || this.#at === "receiver" || isSent || isArrived || this.#isAt(event.to);
    if (!isSeen) return nothing;
    const { client, tcp } = this.#connection(event, isTurned);
    const from: Side = same(client, event.from) ? "client" : "server";
    switch (event.type) {
      case "stream-connect":
        return isSent ? tcp.connect(at) : nothing;
      case "stream-accept":
        return tcp.open(at);
      case "stream-refuse":
        return joined([tcp.connect(at), tcp.refuse(at)]);
      case "stream-sent": {
        if (!isSent) return nothing;
        const why = this.#lostSegments.get(segmentKey(event));
        const comment = why === undefined ? undefined : `lost: ${why}`;
        return tcp.dataSent(at, from, event.bytes, { offset: event.offset, comment });
      }
      case "stream-arrived":
        return joined([
          isArrived ? tcp.dataSent(at, from, event.bytes, { offset: event.offset }) : nothing,
          tcp.dataArrived(at, from, event.bytes.length, event.offset),
        ]);
      case "stream-end": {
        const end = (): Uint8Array => tcp.endSent(at, from, this.#streamBytes.get(directionKey(event)));
        if (!event.arrived) return isSent ? end() : nothing;
        return joined([isArrived ? end() : nothing, tcp.endArrived(at, from)]);
      }
      case "stream-lost":
      case "stream-timeout":
        return nothing; // no packet of its own
      case "stream-reset":
        return (event.arrived ? isArrived : isSent) ? tcp.reset(at, from) : nothing;
    }
  }

  /** Of a trace whose beginning was cut off, the first event that is left says who is who. */
  #connection(event: StreamEvent, isTurned: boolean): Connection {
    const known = this.#connections.get(event.connection);
    if (known !== undefined) return known;
    const [client, server] = isTurned ? [event.to, event.from] : [event.from, event.to];
    const tcp = new TcpCapture(this.#writer, this.#address(client), this.#address(server));
    const connection = { client, tcp };
    this.#connections.set(event.connection, connection);
    return connection;
  }

  #seesSent({ from }: { from: Endpoint }): boolean {
    return this.#at === "sender" || this.#isAt(from);
  }

  /** What a node sends to itself passes its interface once. */
  #seesArrived({ from, to }: { from: Endpoint; to: Endpoint }): boolean {
    return this.#at === "receiver" || (this.#isAt(to) && from.node !== to.node);
  }

  #isAt({ node }: Endpoint): boolean {
    return typeof this.#at === "object" && this.#at.node === node;
  }

  #address({ node, port }: Endpoint): SocketAddress {
    return { address: this.#addresses.get(node) ?? "", port };
  }
}

const nothing = new Uint8Array();

function same(a: Endpoint, b: Endpoint): boolean {
  return a.node === b.node && a.port === b.port;
}

function directionKey({ connection, from }: StreamEvent): string {
  return JSON.stringify([connection, from.node, from.port]);
}

/** One transmission of a segment. */
function segmentKey(event: Extract<TraceEvent, { offset: number }>): string {
  return `${directionKey(event)} ${event.offset} ${event.sentAt}`;
}

function arrivalRemarks(event: DatagramEvent): string[] {
  if (event.type === "datagram-lost") return ["nobody is bound to the port"];
  if (event.type === "datagram-sent") return [];
  return [
    ...(event.copy > 0 ? ["duplicate"] : []),
    ...(event.corrupted ? ["corrupted"] : []),
    ...(event.reordered ? ["held back"] : []),
  ];
}

/** What became of every datagram, in words, by its number. */
function fatesOf(events: readonly TraceEvent[]): Map<number, readonly string[]> {
  const fates = new Map<number, string[]>();
  for (const event of events) {
    if (event.type !== "datagram-arrived" && event.type !== "datagram-lost") continue;
    const fate = fates.get(event.id) ?? [];
    fate.push(...(event.type === "datagram-lost" ? [`lost: ${event.why}`] : arrivalRemarks(event)));
    fates.set(event.id, [...new Set(fate)]);
  }
  return fates;
}

function assignAddresses(events: readonly TraceEvent[], given: Readonly<Record<string, string>>): Map<string, string> {
  const addresses = new Map(Object.entries(given));
  const taken = new Set(addresses.values());
  let number = 0;
  const next = (): string => {
    number += 1;
    return `10.${(number >> 16) & 0xff}.${(number >> 8) & 0xff}.${number & 0xff}`;
  };
  for (const event of events) {
    if (!("id" in event || "connection" in event)) continue;
    for (const { node } of [event.from, event.to]) {
      if (addresses.has(node)) continue;
      let address = next();
      while (taken.has(address)) address = next();
      addresses.set(node, address);
    }
  }
  return addresses;
}

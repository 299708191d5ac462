/** One TCP connection in a capture: the segments that would have carried what was written, read and ended. */

import { type Route, route, type SocketAddress, turned } from "./ip-packet.js";
import { joined, maxSegmentBytes, type PacketNote, type PcapngWriter } from "./pcapng-writer.js";

/** `client` opened the connection, `server` took it. */
export type Side = "client" | "server";

const flag = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;
/** Window scale 14, the largest (RFC 7323): a window of 1 GiB, so that no reader finds it full. */
const windowScale = [1, 3, 3, 14];
/** Far enough apart that a port pair which is used again never looks like a retransmission. */
const sequenceStep = 0x0100_0193;

/** One direction, counted in bytes of its stream. */
interface Half {
  readonly way: Route;
  readonly initialSequence: number;
  /** The other side has taken this half's SYN. */
  isOpen: boolean;
  /** End of what was sent, ... */
  sent: number;
  /** ... and of what arrived without a gap. */
  received: number;
  /** What arrived behind a gap: the end of each piece by its beginning. */
  readonly early: Map<number, number>;
  /** Length of the stream, once its end was sent. */
  length: number | undefined;
  hasEndArrived: boolean;
}

export interface TcpCaptureOptions {
  /** First sequence number of each side, 32 bits. Default: different for every connection of the writer. */
  readonly initialSequence?: Readonly<Record<Side, number>>;
}

/** Where bytes stand in their stream. */
export interface StreamPlace extends PacketNote {
  /** Place of the first byte in its direction, from 0. Default: behind all that was sent so far. */
  readonly offset?: number;
}

/**
 * Every method returns the blocks to append. `open`, `data` and `end` stand for a place that sees a segment and its
 * acknowledgement at once, as a proxy does. Who knows when each thing left and when it arrived calls `connect`,
 * `accept`, `dataSent`, `dataArrived`, `endSent` and `endArrived` instead: an acknowledgement is then written when the
 * bytes have arrived, and what is sent again, or arrives out of order, says its place. What cannot follow (data after an
 * end or a reset) is left out, never written wrongly, so that a capture is valid whatever a program does to its sockets.
 */
export class TcpCapture {
  readonly #writer: PcapngWriter;
  readonly #halves: Readonly<Record<Side, Half>>;
  #state: "new" | "asked" | "open" | "closed" = "new";

  /** @throws RangeError for an address or port that is none */
  constructor(writer: PcapngWriter, client: SocketAddress, server: SocketAddress, options: TcpCaptureOptions = {}) {
    this.#writer = writer;
    const number = writer.nextConnection();
    const { initialSequence = { client: number * sequenceStep, server: number * sequenceStep + 0x8000_0000 } } =
      options;
    const way = route(client, server);
    const half = (direction: Route, initial: number): Half => ({
      way: direction,
      initialSequence: initial >>> 0,
      isOpen: false,
      sent: 0,
      received: 0,
      early: new Map(),
      length: undefined,
      hasEndArrived: false,
    });
    this.#halves = { client: half(way, initialSequence.client), server: half(turned(way), initialSequence.server) };
  }

  /** The whole handshake at once. */
  open(atMs: number): Uint8Array {
    return joined([this.connect(atMs), this.accept(atMs)]);
  }

  /** The client asks: SYN. */
  connect(atMs: number): Uint8Array {
    if (this.#state !== "new") return nothing;
    this.#state = "asked";
    return this.#syn(atMs, "client", flag.syn);
  }

  /** The server accepts: SYN and ACK, and the client's ACK. */
  accept(atMs: number): Uint8Array {
    if (this.#state !== "asked") return nothing;
    this.#state = "open";
    this.#halves.client.isOpen = true;
    const answer = this.#syn(atMs, "server", flag.syn | flag.ack);
    this.#halves.server.isOpen = true;
    return joined([answer, this.#acknowledgement(atMs, "client")]);
  }

  /** Nobody listens: the server's RST. */
  refuse(atMs: number): Uint8Array {
    if (this.#state !== "asked") return nothing;
    this.#state = "closed";
    this.#halves.client.isOpen = true;
    return this.#segment(atMs, "server", flag.rst | flag.ack, { offset: -1 });
  }

  /** Bytes of one side, in as many segments as they need, and the acknowledgement. Empty bytes are no segment. */
  data(atMs: number, from: Side, bytes: Uint8Array, note: PacketNote = {}): Uint8Array {
    const before = this.#halves[from].sent;
    const sent = this.dataSent(atMs, from, bytes, note);
    const isTaken = this.#halves[from].sent > before;
    return joined([sent, isTaken ? this.dataArrived(atMs, from, bytes.length, before) : nothing]);
  }

  /** The bytes alone. A handshake that is not complete is completed first. */
  dataSent(atMs: number, from: Side, bytes: Uint8Array, place: StreamPlace = {}): Uint8Array {
    const blocks = [this.#established(atMs)];
    const half = this.#halves[from];
    const offset = place.offset ?? half.sent;
    const end = offset + bytes.length;
    if (this.#state !== "open" || end > (half.length ?? end)) return joined(blocks);
    const most = maxSegmentBytes(half.way);
    for (let at = 0; at < bytes.length; at += most) {
      const payload = bytes.subarray(at, at + most);
      const push = at + most >= bytes.length ? flag.psh : 0;
      blocks.push(this.#segment(atMs, from, flag.ack | push, { payload, note: place, offset: offset + at }));
      half.sent = Math.max(half.sent, offset + at + payload.length);
    }
    return joined(blocks);
  }

  /**
   * Bytes of `from` have arrived at the other side: its acknowledgement of all that is there without a gap.
   * @param offset place of the first of them; default: behind all that arrived without a gap
   */
  dataArrived(atMs: number, from: Side, byteCount: number, offset?: number): Uint8Array {
    const half = this.#halves[from];
    const start = offset ?? half.received;
    const end = Math.min(start + byteCount, half.sent);
    if (this.#state !== "open" || end <= start) return nothing;
    half.early.set(start, Math.max(end, half.early.get(start) ?? 0));
    for (const [first, last] of [...half.early].sort(([a], [b]) => a - b)) {
      if (first > half.received) break;
      half.received = Math.max(half.received, last);
      half.early.delete(first);
    }
    return this.#acknowledgement(atMs, other(from));
  }

  /** One side sends no more: FIN, and its acknowledgement. The other side may go on. A second end is left out. */
  end(atMs: number, from: Side): Uint8Array {
    if (this.#halves[from].length !== undefined) return nothing;
    return joined([this.endSent(atMs, from), this.endArrived(atMs, from)]);
  }

  /**
   * The FIN alone; a second one is the same one sent again.
   * @param streamBytes length of the whole stream; default: what was sent so far
   */
  endSent(atMs: number, from: Side, streamBytes?: number): Uint8Array {
    const established = this.#established(atMs);
    const half = this.#halves[from];
    if (this.#state !== "open") return established;
    half.length ??= Math.max(half.sent, streamBytes ?? 0);
    const fin = this.#segment(atMs, from, flag.fin | flag.ack, { offset: half.length });
    return joined([established, fin]);
  }

  /** The FIN of `from` has arrived; it is acknowledged together with what belongs in front of it. */
  endArrived(atMs: number, from: Side): Uint8Array {
    const half = this.#halves[from];
    if (this.#state !== "open" || half.length === undefined || half.hasEndArrived) return nothing;
    half.hasEndArrived = true;
    return this.#acknowledgement(atMs, other(from));
  }

  /** One side drops the connection: RST. Nothing follows. */
  reset(atMs: number, from: Side): Uint8Array {
    if (this.#state === "asked" && from === "server") return this.refuse(atMs);
    if (this.#state !== "open" && this.#state !== "asked") return nothing;
    const flags = this.#state === "open" ? flag.rst | flag.ack : flag.rst;
    this.#state = "closed";
    return this.#segment(atMs, from, flags, { offset: this.#next(from) });
  }

  #established(atMs: number): Uint8Array {
    if (this.#state === "new") return this.open(atMs);
    return this.accept(atMs);
  }

  #syn(atMs: number, from: Side, flags: number): Uint8Array {
    const mss = maxSegmentBytes(this.#halves[from].way);
    const options = Uint8Array.of(2, 4, mss >> 8, mss & 0xff, ...windowScale);
    return this.#segment(atMs, from, flags, { options, offset: -1 }); // the SYN stands in front of the first byte
  }

  #acknowledgement(atMs: number, from: Side): Uint8Array {
    return this.#segment(atMs, from, flag.ack);
  }

  /** Where the next byte of this side would stand: the end counts as one. */
  #next(side: Side): number {
    const { sent, length } = this.#halves[side];
    return length === undefined ? sent : length + 1;
  }

  #segment(
    atMs: number,
    from: Side,
    flags: number,
    parts: { offset?: number; payload?: Uint8Array; options?: Uint8Array; note?: PacketNote } = {},
  ): Uint8Array {
    const { way, initialSequence } = this.#halves[from];
    const { offset = this.#next(from), note = {}, ...rest } = parts;
    const peer = this.#halves[other(from)];
    const isWhole = peer.hasEndArrived && peer.received === peer.length;
    const acknowledgement = peer.isOpen ? peer.initialSequence + 1 + peer.received + (isWhole ? 1 : 0) : 0;
    const sequence = initialSequence + 1 + offset;
    return this.#writer.tcp(atMs, way, { sequence, acknowledgement, flags, ...rest }, note);
  }
}

const nothing = new Uint8Array();

function other(side: Side): Side {
  return side === "client" ? "server" : "client";
}

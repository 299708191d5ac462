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

interface Half {
  readonly way: Route;
  /** Sequence number of the next byte. */
  next: number;
  /** What the other side has of this half: the acknowledgement number of everything that it sends. */
  received: number;
  ended: boolean;
}

export interface TcpCaptureOptions {
  /** First sequence number of each side, 32 bits. Default: different for every connection of the writer. */
  readonly initialSequence?: Readonly<Record<Side, number>>;
}

/**
 * Every method returns the blocks to append. `open`, `data` and `end` stand for a place that sees a segment and its
 * acknowledgement at once, as a proxy does. Who knows when each thing left and when it arrived calls `connect`,
 * `accept`, `dataSent`, `dataArrived`, `endSent` and `endArrived` instead: an acknowledgement is then written when the
 * bytes have arrived. What cannot follow (data after an end or a reset, a second end) is left out, never written
 * wrongly, so that a capture is valid whatever a program does to its sockets.
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
    const half = (direction: Route, first: number): Half => ({
      way: direction,
      next: first >>> 0,
      received: 0, // nothing: no segment carries it before the SYN was taken
      ended: false,
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
    this.#receive("client");
    const answer = this.#syn(atMs, "server", flag.syn | flag.ack);
    this.#receive("server");
    return joined([answer, this.#acknowledgement(atMs, "client")]);
  }

  /** Nobody listens: the server's RST. */
  refuse(atMs: number): Uint8Array {
    if (this.#state !== "asked") return nothing;
    this.#state = "closed";
    this.#receive("client");
    return this.#segment(atMs, "server", flag.rst | flag.ack);
  }

  /** Bytes of one side, in as many segments as they need, and the acknowledgement. Empty bytes are no segment. */
  data(atMs: number, from: Side, bytes: Uint8Array, note?: PacketNote): Uint8Array {
    return joined([this.dataSent(atMs, from, bytes, note), this.dataArrived(atMs, from, bytes.length)]);
  }

  /** The bytes alone. A handshake that is not complete is completed first. */
  dataSent(atMs: number, from: Side, bytes: Uint8Array, note?: PacketNote): Uint8Array {
    const blocks = [this.#established(atMs)];
    const half = this.#halves[from];
    if (this.#state !== "open" || half.ended) return joined(blocks);
    const most = maxSegmentBytes(half.way);
    for (let at = 0; at < bytes.length; at += most) {
      const payload = bytes.subarray(at, at + most);
      const push = at + most >= bytes.length ? flag.psh : 0;
      blocks.push(this.#segment(atMs, from, flag.ack | push, payload, note));
      half.next = (half.next + payload.length) >>> 0;
    }
    return joined(blocks);
  }

  /** The next `byteCount` bytes of `from` have arrived at the other side: its acknowledgement. */
  dataArrived(atMs: number, from: Side, byteCount: number): Uint8Array {
    const half = this.#halves[from];
    const outstanding = (half.next - half.received) >>> 0;
    const fresh = Math.min(byteCount, outstanding - (half.ended && outstanding > 0 ? 1 : 0)); // the FIN counts as one
    if (this.#state !== "open" || fresh === 0) return nothing;
    half.received = (half.received + fresh) >>> 0;
    return this.#acknowledgement(atMs, other(from));
  }

  /** One side sends no more: FIN, and its acknowledgement. The other side may go on. */
  end(atMs: number, from: Side): Uint8Array {
    return joined([this.endSent(atMs, from), this.endArrived(atMs, from)]);
  }

  endSent(atMs: number, from: Side): Uint8Array {
    const established = this.#established(atMs);
    const half = this.#halves[from];
    if (this.#state !== "open" || half.ended) return established;
    const fin = this.#segment(atMs, from, flag.fin | flag.ack);
    half.next = (half.next + 1) >>> 0;
    half.ended = true;
    return joined([established, fin]);
  }

  endArrived(atMs: number, from: Side): Uint8Array {
    const half = this.#halves[from];
    if (this.#state !== "open" || !half.ended || half.received === half.next) return nothing;
    this.#receive(from);
    return this.#acknowledgement(atMs, other(from));
  }

  /** One side drops the connection: RST. Nothing follows. */
  reset(atMs: number, from: Side): Uint8Array {
    const isStarted = this.#state === "open" || (this.#state === "asked" && from === "client");
    if (!isStarted) return this.#state === "asked" ? this.refuse(atMs) : nothing;
    const flags = this.#state === "open" ? flag.rst | flag.ack : flag.rst;
    this.#state = "closed";
    return this.#segment(atMs, from, flags);
  }

  #established(atMs: number): Uint8Array {
    return this.#state === "new" || this.#state === "asked" ? this.open(atMs) : nothing;
  }

  #syn(atMs: number, from: Side, flags: number): Uint8Array {
    const half = this.#halves[from];
    const mss = maxSegmentBytes(half.way);
    const options = Uint8Array.of(2, 4, mss >> 8, mss & 0xff, ...windowScale);
    const block = this.#segment(atMs, from, flags, undefined, undefined, options);
    half.next = (half.next + 1) >>> 0; // the SYN counts as one
    return block;
  }

  /** Everything that `from` has sent is with the other side now. */
  #receive(from: Side): void {
    const half = this.#halves[from];
    half.received = half.next;
  }

  #acknowledgement(atMs: number, from: Side): Uint8Array {
    return this.#segment(atMs, from, flag.ack);
  }

  #segment(
    atMs: number,
    from: Side,
    flags: number,
    payload?: Uint8Array,
    note?: PacketNote,
    options?: Uint8Array,
  ): Uint8Array {
    const { way, next } = this.#halves[from];
    const acknowledgement = this.#halves[other(from)].received;
    const segment = {
      sequence: next,
      acknowledgement,
      flags,
      ...(payload && { payload }),
      ...(options && { options }),
    };
    return this.#writer.tcp(atMs, way, segment, note);
  }
}

const nothing = new Uint8Array();

function other(side: Side): Side {
  return side === "client" ? "server" : "client";
}

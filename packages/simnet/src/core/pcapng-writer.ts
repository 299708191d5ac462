/** Writes a pcapng capture of traffic that never had IP headers: piece by piece, for a file that grows. */

import { parseAddress } from "./ip-address.js";
import {
  completePacket,
  ipHeaderBytes,
  maxIpPayloadBytes,
  type Route,
  route,
  type SocketAddress,
} from "./ip-packet.js";
import { enhancedPacket, interfaceDescription, nameResolution, sectionHeader } from "./pcapng-blocks.js";

export interface PcapngWriterOptions {
  /** What time 0 is, in milliseconds since 1970-01-01T00:00Z: `Date.now()` of the start in a proxy. Default 0. */
  readonly epochMs?: number;
  /** The program that writes, for the section header. Default `simnet`. */
  readonly application?: string;
  /** A remark on the whole capture, such as the seed. Default none. */
  readonly comment?: string;
  /** Names of IP addresses, for Wireshark to show (`tshark -N n`). Default none. */
  readonly names?: Readonly<Record<string, string>>;
}

export interface PacketNote {
  /** A remark on this packet, which Wireshark shows with it: `lost: drop`. Default none. */
  readonly comment?: string | undefined;
  /** IPv4's identification field, of which the lower 16 bits count. Default: packets are numbered from 1. */
  readonly identification?: number;
}

/** The fields of a TCP segment that vary; the rest is the same in all that we write. */
export interface TcpSegment {
  /** Modulo 2^32, as the next. */
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
  /** A multiple of 4 bytes. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

const udpHeaderBytes = 8;
const tcpHeaderBytes = 20;

/**
 * Every method returns the bytes to append to the file, `header()` once before all others. Packets belong in the order
 * of their times. `udp` is complete by itself; a `TcpCapture` makes the segments of one connection.
 */
export class PcapngWriter {
  readonly #epochMs: number;
  readonly #options: PcapngWriterOptions;
  #packets = 0;
  #connections = 0;

  /** @throws RangeError for an `epochMs` that is not a finite number from 0 */
  constructor(options: PcapngWriterOptions = {}) {
    this.#epochMs = options.epochMs ?? 0;
    if (!(this.#epochMs >= 0 && this.#epochMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`epochMs must be a finite number of milliseconds from 0, not ${this.#epochMs}`);
    }
    this.#options = options;
  }

  /** Section header, interface description and names. @throws RangeError for a name of what is no address */
  header(): Uint8Array {
    const { application = "simnet", comment, names = {} } = this.#options;
    const blocks = [sectionHeader(application, comment), interfaceDescription("simnet")];
    const known = Object.entries(names).map(([address, name]) => ({ address: parseAddress(address), name }));
    if (known.length > 0) blocks.push(nameResolution(known));
    return joined(blocks);
  }

  /**
   * A UDP datagram.
   * @param atMs milliseconds after `epochMs`; written in microseconds
   * @throws RangeError for an address or port that is none, a time below 0, and a payload that no packet holds (65,507
   *   bytes in IPv4, 65,527 in IPv6)
   */
  udp(atMs: number, from: SocketAddress, to: SocketAddress, payload: Uint8Array, note: PacketNote = {}): Uint8Array {
    const way = route(from, to);
    const length = udpHeaderBytes + payload.length;
    if (length > maxIpPayloadBytes(way)) {
      const most = maxIpPayloadBytes(way) - udpHeaderBytes;
      throw new RangeError(`payload must have at most ${most} bytes, not ${payload.length}`);
    }
    const header = ipHeaderBytes(way);
    const { block, packet } = this.#packet(atMs, header + length, note);
    const view = new DataView(packet.buffer, packet.byteOffset + header, length);
    view.setUint16(0, way.sourcePort);
    view.setUint16(2, way.destinationPort);
    view.setUint16(4, length);
    packet.set(payload, header + udpHeaderBytes);
    completePacket(packet, way, "udp", 6, note.identification ?? this.#packets);
    return block;
  }

  /** One TCP segment, as a `TcpCapture` asks for it. Its payload must fit (`maxSegmentBytes`). */
  tcp(atMs: number, way: Route, segment: TcpSegment, note: PacketNote = {}): Uint8Array {
    const { sequence, acknowledgement, flags, options = new Uint8Array(), payload = new Uint8Array() } = segment;
    const header = ipHeaderBytes(way);
    const length = tcpHeaderBytes + options.length + payload.length;
    const { block, packet } = this.#packet(atMs, header + length, note);
    const view = new DataView(packet.buffer, packet.byteOffset + header, length);
    view.setUint16(0, way.sourcePort);
    view.setUint16(2, way.destinationPort);
    view.setUint32(4, sequence % 0x1_0000_0000);
    view.setUint32(8, acknowledgement % 0x1_0000_0000);
    view.setUint16(12, ((tcpHeaderBytes + options.length) << 10) | flags); // the header length in words of 4 bytes
    view.setUint16(14, 0xffff); // the window, which a scale in the SYN makes as large as can be
    packet.set(options, header + tcpHeaderBytes);
    packet.set(payload, header + tcpHeaderBytes + options.length);
    completePacket(packet, way, "tcp", 16, note.identification ?? this.#packets);
    return block;
  }

  /** The number of the next connection, from 1: it sets initial sequence numbers apart where a port is used again. */
  nextConnection(): number {
    this.#connections += 1;
    return this.#connections;
  }

  #packet(atMs: number, length: number, { comment }: PacketNote): { block: Uint8Array; packet: Uint8Array } {
    if (!(atMs >= 0 && atMs < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`atMs must be a finite number of milliseconds from 0, not ${atMs}`);
    }
    this.#packets += 1;
    return enhancedPacket(Math.round((this.#epochMs + atMs) * 1_000), length, comment);
  }
}

/** The most payload bytes of one TCP segment on this way. */
export function maxSegmentBytes(way: Route): number {
  return maxIpPayloadBytes(way) - tcpHeaderBytes;
}

/** Several pieces as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** IPv4 and IPv6 packets around UDP and TCP, with their checksums (RFC 791, 8200, 768, 9293, 1071). */

import { asIpv6, parseAddress } from "./ip-address.js";

/** One end of a conversation in a capture. */
export interface SocketAddress {
  /** An IPv4 or IPv6 address as text. */
  readonly address: string;
  /** 0 to 65535. */
  readonly port: number;
}

/** Both ends as bytes, of one family: where one is IPv6, an IPv4 address at the other end stands there mapped. */
export interface Route {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** @throws RangeError for an address or a port that is none */
export function route(from: SocketAddress, to: SocketAddress): Route {
  const source = parseAddress(from.address);
  const destination = parseAddress(to.address);
  for (const { port } of [from, to]) {
    if (!(Number.isInteger(port) && port >= 0 && port <= 0xffff)) {
      throw new RangeError(`port must be an integer from 0 to 65535, not ${port}`);
    }
  }
  const mixed = source.length !== destination.length;
  return {
    source: mixed ? asIpv6(source) : source,
    destination: mixed ? asIpv6(destination) : destination,
    sourcePort: from.port,
    destinationPort: to.port,
  };
}

export function turned({ source, destination, sourcePort, destinationPort }: Route): Route {
  return { source: destination, destination: source, sourcePort: destinationPort, destinationPort: sourcePort };
}

export function ipHeaderBytes(way: Route): number {
  return way.source.length === 4 ? 20 : 40;
}

/** What fits behind the IP header: the length field of IPv4 counts its header, that of IPv6 does not. */
export function maxIpPayloadBytes(way: Route): number {
  return way.source.length === 4 ? 0xffff - 20 : 0xffff;
}

const protocolNumber = { tcp: 6, udp: 17 } as const;
const hopLimit = 64;

/**
 * Completes a packet of zeros: `packet` has room for the IP header, and behind it the finished UDP or TCP part but for
 * its checksum field, `checksumAt` bytes into that part.
 * @param identification of IPv4, 16 bits; it means nothing in packets that may not be fragmented, and is free to be used
 */
export function completePacket(
  packet: Uint8Array,
  way: Route,
  protocol: keyof typeof protocolNumber,
  checksumAt: number,
  identification: number,
): void {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const header = ipHeaderBytes(way);
  const number = protocolNumber[protocol];
  if (header === 20) {
    packet[0] = 0x45;
    view.setUint16(2, packet.length);
    view.setUint16(4, identification & 0xffff);
    view.setUint16(6, 0x4000); // do not fragment
    packet[8] = hopLimit;
    packet[9] = number;
    packet.set(way.source, 12);
    packet.set(way.destination, 16);
    view.setUint16(10, checksum(packet.subarray(0, 20), 0));
  } else {
    packet[0] = 0x60;
    view.setUint16(4, packet.length - 40);
    packet[6] = number;
    packet[7] = hopLimit;
    packet.set(way.source, 8);
    packet.set(way.destination, 24);
  }
  const content = packet.subarray(header);
  // The pseudo header: both addresses, the protocol, the length. Both families sum to the same.
  const pseudo = sum16(way.source, sum16(way.destination, number + content.length));
  const sum = checksum(content, pseudo);
  // A UDP checksum of 0 says that there is none, so that its other form, all ones, is sent (RFC 768).
  view.setUint16(header + checksumAt, protocol === "udp" && sum === 0 ? 0xffff : sum);
}

/** The ones' complement of the ones' complement sum of 16-bit words (RFC 1071). */
function checksum(bytes: Uint8Array, start: number): number {
  let sum = sum16(bytes, start);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x1_0000);
  return ~sum & 0xffff;
}

/** Without the carries: 2^15 words of 16 bits and a start below 2^21 stay far below 2^53. */
function sum16(bytes: Uint8Array, start: number): number {
  let sum = start;
  const even = bytes.length & ~1;
  for (let index = 0; index < even; index += 2) sum += ((bytes[index] ?? 0) << 8) | (bytes[index + 1] ?? 0);
  return even < bytes.length ? sum + ((bytes[even] ?? 0) << 8) : sum;
}

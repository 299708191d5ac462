/** The checksums that a v2 session may agree on (docs/stopwait-udp.md, S32). */

import type { Platform } from "./contract.js";
import { crc32, crc32c } from "./crc32c.js";
import { CHECKSUM_AT, HEADER_BYTES } from "./v2-packet.js";

/** `none` is for loopback addresses alone. */
export type Checksum = "crc32c" | "crc32" | "none";

/** In the order of their numbers on the wire, from 1. */
export const CHECKSUMS: readonly Checksum[] = ["crc32c", "crc32", "none"];

/** The checksum of the first `length` bytes of a packet, its checksum field taken as 0. */
export type PacketChecksum = (packet: Uint8Array, length: number) => number;

const ZEROES = new Uint8Array(4);

/** How a session's packets are summed. zlib's CRC is the platform's own where it has one: several times as fast. */
export function packetChecksum(checksum: Checksum, platform: Platform): PacketChecksum {
  if (checksum === "none") return () => 0;
  if (checksum === "crc32c") return crc32cOfPacket;
  const native = platform.crc32?.bind(platform);
  if (native === undefined) return (packet, length) => sum(crc32, packet, length);
  return (packet, length) => {
    const head = sum(crc32, packet, HEADER_BYTES); // a call into the platform costs more than these few bytes
    return length === HEADER_BYTES ? head : native(packet.subarray(HEADER_BYTES, length), head);
  };
}

/** What REQ, CHALLENGE, ACCEPT and ERR carry, whatever was agreed. */
export function crc32cOfPacket(packet: Uint8Array, length: number): number {
  return sum(crc32c, packet, length);
}

function sum(crc: typeof crc32c, packet: Uint8Array, length: number): number {
  const head = crc(ZEROES, crc(packet, 0, 0, CHECKSUM_AT), 0, ZEROES.length);
  return crc(packet, head, HEADER_BYTES, length);
}

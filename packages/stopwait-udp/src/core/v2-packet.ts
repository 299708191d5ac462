/**
 * The header of v2 packets (docs/stopwait-udp.md, S30): written into and read out of byte arrays in place, without an
 * object for each packet, since both ends do it for every block.
 */

export const HEADER_BYTES = 24;

/** The longest block. With the header it fits a UDP datagram over IPv4 and IPv6. */
export const MAX_BLOCK_BYTES = 65_000;

/** The widest window: what a selective acknowledgement can tell of. */
export const MAX_WINDOW = 32;

/** A file has fewer blocks than this: `block` counts up to their number. */
export const MAX_BLOCKS: number = 2 ** 32 - 1;

/** A REQ is padded to this length, so that no CHALLENGE is longer than its question (S45). */
export const MIN_REQUEST_BYTES = 64;

/** First bytes of v2 packets are these and up, those of v1 are ASCII letters. */
export const FIRST_TYPE = 0xa0;

export const Type = {
  REQ: 0xa0,
  CHALLENGE: 0xa1,
  ACCEPT: 0xa2,
  DATA: 0xa3,
  ACK: 0xa4,
  FIN: 0xa5,
  FINACK: 0xa6,
  ERR: 0xa7,
} as const;

export const Flag = { LAST: 1, SACK: 2, RETRY: 4 } as const;

const LENGTH_AT = 2;
const SESSION_AT = 4;
const BLOCK_AT = 12;
const COUNTER_AT = 16;
const CREDIT_AT = 18;
/** Where the checksum stands. */
export const CHECKSUM_AT = 20;

/** Which flags a packet of each type may carry, by type - FIRST_TYPE. */
const ALLOWED_FLAGS: readonly number[] = [
  Flag.RETRY,
  0,
  0,
  Flag.LAST | Flag.RETRY,
  Flag.SACK | Flag.RETRY,
  Flag.RETRY,
  0,
  0,
];

/** Whether a datagram has the shape of a v2 packet. Its checksum is another question. */
export function isPacket(bytes: Uint8Array): boolean {
  if (bytes.length < HEADER_BYTES) return false;
  const type = byteAt(bytes, 0);
  const allowed = ALLOWED_FLAGS[type - FIRST_TYPE];
  if (allowed === undefined || (byteAt(bytes, 1) & ~allowed) !== 0) return false;
  const length = HEADER_BYTES + uint16At(bytes, LENGTH_AT);
  return type === Type.REQ ? bytes.length >= length : bytes.length === length;
}

export function typeOf(packet: Uint8Array): number {
  return byteAt(packet, 0);
}

export function flagsOf(packet: Uint8Array): number {
  return byteAt(packet, 1);
}

/** Header and payload, without padding. */
export function lengthOf(packet: Uint8Array): number {
  return HEADER_BYTES + uint16At(packet, LENGTH_AT);
}

/** A view of the payload. */
export function payloadOf(packet: Uint8Array): Uint8Array {
  return packet.subarray(HEADER_BYTES, lengthOf(packet));
}

export function blockOf(packet: Uint8Array): number {
  return uint32At(packet, BLOCK_AT);
}

export function counterOf(packet: Uint8Array): number {
  return uint16At(packet, COUNTER_AT);
}

export function creditOf(packet: Uint8Array): number {
  return uint16At(packet, CREDIT_AT);
}

export function checksumOf(packet: Uint8Array): number {
  return uint32At(packet, CHECKSUM_AT);
}

/** The selective acknowledgement of an ACK: bit i stands for block `block` + 1 + i. 0 without one. */
export function sackOf(packet: Uint8Array): number {
  const has = (flagsOf(packet) & Flag.SACK) !== 0 && packet.length >= HEADER_BYTES + 4;
  return has ? uint32At(packet, HEADER_BYTES) : 0;
}

/** Whether a packet is of this session. @param session 8 bytes */
export function isOfSession(packet: Uint8Array, session: Uint8Array): boolean {
  for (let at = 0; at < 8; at++) if (packet[SESSION_AT + at] !== session[at]) return false;
  return true;
}

/** A copy of the session id. */
export function sessionOf(packet: Uint8Array): Uint8Array {
  return packet.slice(SESSION_AT, SESSION_AT + 8);
}

/** The session id in two halves, for a key of a table. */
export function sessionKey(packet: Uint8Array): string {
  return `${uint32At(packet, SESSION_AT)}/${uint32At(packet, SESSION_AT + 4)}`;
}

/** What a header says beside its session and its checksum. */
export interface Header {
  readonly type: number;
  readonly flags?: number;
  readonly block?: number;
  readonly counter: number;
  readonly credit?: number;
}

/** Writes a header over the first 24 bytes of `packet`, the payload being behind it already; not the checksum. */
export function writeHeader(
  packet: Uint8Array,
  session: Uint8Array,
  type: number,
  flags: number,
  length: number,
  block: number,
  counter: number,
  credit: number,
): void {
  packet[0] = type;
  packet[1] = flags;
  writeUint16(packet, LENGTH_AT, length);
  for (let at = 0; at < 8; at++) packet[SESSION_AT + at] = session[at] as number;
  writeUint32(packet, BLOCK_AT, block);
  writeUint16(packet, COUNTER_AT, counter);
  writeUint16(packet, CREDIT_AT, credit);
}

export function writeChecksum(packet: Uint8Array, checksum: number): void {
  writeUint32(packet, CHECKSUM_AT, checksum);
}

/** A whole packet in memory of its own: for all but DATA. */
export function encodePacket(
  session: Uint8Array,
  header: Header,
  payload: Uint8Array,
  checksum: (packet: Uint8Array, length: number) => number,
  leastBytes = 0,
): Uint8Array {
  const length = HEADER_BYTES + payload.length;
  const packet = new Uint8Array(Math.max(length, leastBytes));
  packet.set(payload, HEADER_BYTES);
  const { type, flags = 0, block = 0, counter, credit = 0 } = header;
  writeHeader(packet, session, type, flags, payload.length, block, counter, credit);
  writeChecksum(packet, checksum(packet, length));
  return packet;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function uint16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}

export function uint32At(bytes: Uint8Array, at: number): number {
  return ((uint16At(bytes, at) << 16) | uint16At(bytes, at + 2)) >>> 0;
}

function byteAt(bytes: Uint8Array, at: number): number {
  return bytes[at] as number;
}

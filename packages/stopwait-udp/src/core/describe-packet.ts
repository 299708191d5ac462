/** A packet of either version in a few words, for a diagram. */
import { RemoteProtocolError } from "./errors.js";
import { printable } from "./printable.js";
import { decodeV1Packet } from "./v1-packet.js";
import { wordOf } from "./v2-codes.js";
import {
  blockOf,
  counterOf,
  creditOf,
  Flag,
  flagsOf,
  HEADER_BYTES,
  isPacket,
  lengthOf,
  sackOf,
  Type,
  typeOf,
  uint16At,
} from "./v2-packet.js";

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries(Type).map(([name, type]) => [type, name]),
);

export interface DescribedPacket {
  readonly text: string;
  /** Whether the packet itself says that it was sent before. */
  readonly isRepeated: boolean;
}

/** What a datagram is; one that is no packet is told by its length alone. */
export function describePacket(bytes: Uint8Array): DescribedPacket {
  if (isPacket(bytes)) return { text: describeV2(bytes), isRepeated: (flagsOf(bytes) & Flag.RETRY) !== 0 };
  return { text: describeV1(bytes) ?? `${bytes.length} bytes`, isRepeated: false };
}

function describeV2(packet: Uint8Array): string {
  const name = NAMES[typeOf(packet)] ?? "?";
  const counter = `#${counterOf(packet)}`;
  const payload = lengthOf(packet) - HEADER_BYTES;
  switch (typeOf(packet)) {
    case Type.DATA: {
      const last = (flagsOf(packet) & Flag.LAST) === 0 ? "" : ", the last";
      return `${name} ${blockOf(packet)} (${payload} B${last}) ${counter}`;
    }
    case Type.ACK: {
      const sack = sackOf(packet);
      const beyond = sack === 0 ? "" : ` and ${sack.toString(2).padStart(8, "0")}`;
      return `${name} next ${blockOf(packet)}${beyond}, credit ${creditOf(packet)} ${counter}`;
    }
    case Type.ERR:
      return `${name} ${payload < 2 ? "" : wordOf(uint16At(packet, HEADER_BYTES))} ${counter}`;
    default:
      return `${name} ${counter}`;
  }
}

function describeV1(bytes: Uint8Array): string | undefined {
  try {
    const packet = decodeV1Packet(bytes);
    const header = printable(String.fromCharCode(...bytes.subarray(0, 7)));
    if (packet.type === "data") return `${header} (${packet.bytes.length} B)`;
    if (packet.type === "get" || packet.type === "put") return `${header} ${printable(packet.name ?? "?")}`;
    return header;
  } catch (error) {
    if (error instanceof RemoteProtocolError) return undefined;
    throw error;
  }
}

/** Options of v2's REQ and ACCEPT: type (1 byte), length (2 bytes), value, one after the other (docs/stopwait-udp.md, S33). */

import { RemoteProtocolError } from "./errors.js";
import { uint16At, writeUint16 } from "./v2-packet.js";

const HEAD_BYTES = 3;

export type Tlv = readonly [type: number, value: Uint8Array];

export function encodeTlvs(tlvs: readonly Tlv[]): Uint8Array {
  const bytes = new Uint8Array(tlvs.reduce((sum, [, value]) => sum + HEAD_BYTES + value.length, 0));
  let at = 0;
  for (const [type, value] of tlvs) {
    bytes[at] = type;
    writeUint16(bytes, at + 1, value.length);
    bytes.set(value, at + HEAD_BYTES);
    at += HEAD_BYTES + value.length;
  }
  return bytes;
}

/**
 * The values by type, as views of `bytes`.
 * @throws RemoteProtocolError `BAD_OPTIONS` where they do not fill the bytes exactly, or one comes twice
 */
export function decodeTlvs(bytes: Uint8Array): Map<number, Uint8Array> {
  const values = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const start = at + HEAD_BYTES;
    const end = start <= bytes.length ? start + uint16At(bytes, at + 1) : Number.POSITIVE_INFINITY;
    if (end > bytes.length) throw new RemoteProtocolError("BAD_OPTIONS", "an option reaches beyond the packet");
    const type = bytes[at] as number;
    if (values.has(type)) throw new RemoteProtocolError("BAD_OPTIONS", `option ${type} comes twice`);
    values.set(type, bytes.subarray(start, end));
    at = end;
  }
  return values;
}

/** Big-endian, unsigned. */
export function uint(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let at = width - 1, left = value; at >= 0; at--, left = Math.floor(left / 256)) bytes[at] = left % 256;
  return bytes;
}

/**
 * The blocks of a pcapng capture file that we write (draft-ietf-opsawg-pcapng), little-endian: section header,
 * interface description, name resolution, enhanced packet.
 */

/** Packets begin with an IPv4 or an IPv6 header, without a link layer below it. */
const linktypeRaw = 101;
const microseconds = 6; // if_tsresol: 10^-6 s
const maxOptionBytes = 0xffff;
/** A host's name beyond this is cut off: what DNS allows, and no capture is unreadable for it. */
const maxNameBytes = 255;

const option = { end: 0, comment: 1, userApplication: 4, interfaceName: 2, timestampResolution: 9 } as const;

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

/** The beginning of every capture: who wrote it, of open length, so that blocks can be appended as they come. */
export function sectionHeader(application: string, comment: string | undefined): Uint8Array {
  const options = [textOption(option.userApplication, application)];
  if (comment !== undefined) options.unshift(textOption(option.comment, comment));
  const { bytes, view } = block(0x0a0d0d0a, 16, options);
  view.setUint32(8, 0x1a2b3c4d, true);
  view.setUint16(12, 1, true); // version 1.0
  view.setBigInt64(16, -1n, true);
  return bytes;
}

export function interfaceDescription(name: string): Uint8Array {
  const options = [
    textOption(option.interfaceName, name),
    { code: option.timestampResolution, value: Uint8Array.of(microseconds) },
  ];
  const { bytes, view } = block(1, 8, options);
  view.setUint16(8, linktypeRaw, true); // and a snap length of 0: no limit
  return bytes;
}

/** @param names an address of 4 or 16 bytes, and what Wireshark may show in its place */
export function nameResolution(names: readonly { readonly address: Uint8Array; readonly name: string }[]): Uint8Array {
  const records = names.map(({ address, name }) => {
    const text = utf8(name.replaceAll("\0", " ")).subarray(0, maxNameBytes);
    return { type: address.length === 4 ? 1 : 2, value: Uint8Array.of(...address, ...text, 0) };
  });
  const size = records.reduce((sum, { value }) => sum + 4 + padded(value.length), 4);
  const { bytes, view } = block(4, size, []);
  let at = 8;
  for (const { type, value } of records) {
    view.setUint16(at, type, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  return bytes;
}

/** A packet block whose `packet` is still zeros, for the caller to fill in place. */
export function enhancedPacket(
  atMicroseconds: number,
  packetBytes: number,
  comment: string | undefined,
): { block: Uint8Array; packet: Uint8Array } {
  const options = comment === undefined ? [] : [textOption(option.comment, comment)];
  const { bytes, view } = block(6, 20 + padded(packetBytes), options);
  view.setUint32(12, Math.floor(atMicroseconds / 0x1_0000_0000), true);
  view.setUint32(16, atMicroseconds % 0x1_0000_0000, true);
  view.setUint32(20, packetBytes, true);
  view.setUint32(24, packetBytes, true);
  return { block: bytes, packet: bytes.subarray(28, 28 + packetBytes) };
}

/** Type, length, a body of zeros for the caller, the options, and the length again. */
function block(type: number, bodyBytes: number, options: readonly Option[]): { bytes: Uint8Array; view: DataView } {
  const end = options.length > 0 ? 4 : 0;
  const length = 12 + bodyBytes + end + options.reduce((sum, { value }) => sum + 4 + padded(value.length), 0);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  view.setUint32(length - 4, length, true);
  let at = 8 + bodyBytes;
  for (const { code, value } of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + 4);
    at += 4 + padded(value.length);
  }
  return { bytes, view }; // the end of the options is all zeros
}

function textOption(code: number, text: string): Option {
  return { code, value: utf8(text).subarray(0, maxOptionBytes) };
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function padded(length: number): number {
  return (length + 3) & ~3;
}

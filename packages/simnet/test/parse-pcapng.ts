/**
 * Reads captures for tests, on its own: none of the code that writes them. It is strict about all that it knows (lengths,
 * padding, versions, checksums) and fails on what it does not.
 */

export interface ParsedPacket {
  readonly microseconds: number;
  readonly comment: string | undefined;
  /** As colon-separated hexadecimal words, or as dotted numbers. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly identification: number | undefined;
  readonly tcp: { readonly sequence: number; readonly acknowledgement: number; readonly flags: string } | undefined;
  readonly payload: Uint8Array;
}

export interface ParsedCapture {
  readonly linktype: number;
  readonly names: ReadonlyMap<string, string>;
  readonly packets: readonly ParsedPacket[];
}

export function parsePcapng(file: Uint8Array): ParsedCapture {
  const names = new Map<string, string>();
  const packets: ParsedPacket[] = [];
  let linktype = -1;
  for (let at = 0; at < file.length; ) {
    const view = new DataView(file.buffer, file.byteOffset + at);
    const [type, length] = [view.getUint32(0, true), view.getUint32(4, true)];
    assert(length % 4 === 0 && view.getUint32(length - 4, true) === length, "block length");
    const body = file.subarray(at + 8, at + length - 4);
    if (type === 0x0a0d0d0a) assert(at === 0 && hex(body.subarray(0, 8)) === "4d3c2b1a01000000", "section header");
    else if (type === 1) linktype = body[0] ?? -1;
    else if (type === 4) readNames(body, names);
    else if (type === 6) packets.push(readPacket(body));
    else throw new Error(`block type ${type}`);
    at += length;
  }
  return { linktype, names, packets };
}

function readNames(body: Uint8Array, names: Map<string, string>): void {
  for (const { code, value } of records(body)) {
    const size = code === 1 ? 4 : 16;
    assert(value.at(-1) === 0, "name ends in a zero");
    names.set(address(value.subarray(0, size)), new TextDecoder().decode(value.subarray(size, -1)));
  }
}

function readPacket(body: Uint8Array): ParsedPacket {
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  const word = (at: number): number => view.getUint32(at, true);
  assert(word(0) === 0 && word(12) === word(16), "interface and lengths");
  const size = word(12);
  const comments = records(body.subarray(20 + Math.ceil(size / 4) * 4)).filter(({ code }) => code === 1);
  return {
    microseconds: word(4) * 2 ** 32 + word(8),
    comment: comments[0] && new TextDecoder().decode(comments[0].value),
    ...readIp(body.subarray(20, 20 + size)),
  };
}

function readIp(packet: Uint8Array): Omit<ParsedPacket, "microseconds" | "comment"> {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  const isFour = packet[0] === 0x45;
  assert(isFour || packet[0] === 0x60, "IP version and header length");
  const header = isFour ? 20 : 40;
  const [ends, protocol] = isFour ? [packet.subarray(12, 20), packet[9]] : [packet.subarray(8, 40), packet[6]];
  if (isFour) {
    assert(view.getUint16(2) === packet.length, "IPv4 length");
    assert(sum(packet.subarray(0, 20)) === 0xffff, "IPv4 checksum");
  } else assert(view.getUint16(4) === packet.length - 40, "IPv6 length");
  const content = packet.subarray(header);
  const pseudo = new Uint8Array(ends.length + 8);
  pseudo.set(ends);
  new DataView(pseudo.buffer).setUint32(ends.length, content.length);
  pseudo[ends.length + 7] = protocol ?? 0;
  const whole = new Uint8Array(pseudo.length + content.length);
  whole.set(pseudo);
  whole.set(content, pseudo.length);
  assert(sum(whole) === 0xffff, "UDP or TCP checksum");
  const common = {
    source: address(ends.subarray(0, ends.length / 2)),
    destination: address(ends.subarray(ends.length / 2)),
    sourcePort: view.getUint16(header),
    destinationPort: view.getUint16(header + 2),
    identification: isFour ? view.getUint16(4) : undefined,
  };
  if (protocol === 17) {
    assert(view.getUint16(header + 4) === content.length, "UDP length");
    assert(view.getUint16(header + 6) !== 0, "UDP checksum present");
    return { ...common, tcp: undefined, payload: content.subarray(8) };
  }
  assert(protocol === 6, "protocol");
  const bits = view.getUint16(header + 12);
  const flags = [..."FSRPA"].filter((_, index) => (bits & (1 << index)) !== 0).join("");
  const tcp = { sequence: view.getUint32(header + 4), acknowledgement: view.getUint32(header + 8), flags };
  return { ...common, tcp, payload: content.subarray((bits >> 12) * 4) };
}

function records(body: Uint8Array): { code: number; value: Uint8Array }[] {
  const found: { code: number; value: Uint8Array }[] = [];
  const view = new DataView(body.buffer, body.byteOffset, body.length);
  for (let at = 0; at < body.length; ) {
    const [code, length] = [view.getUint16(at, true), view.getUint16(at + 2, true)];
    if (code === 0) return found;
    found.push({ code, value: body.subarray(at + 4, at + 4 + length) });
    at += 4 + Math.ceil(length / 4) * 4;
  }
  assert(body.length === 0, "end of records");
  return found;
}

/** The ones' complement sum of 16-bit words: all ones over anything that holds its own right checksum. */
export function sum(bytes: Uint8Array): number {
  let total = 0;
  for (const [index, byte] of bytes.entries()) {
    total += index % 2 === 0 ? byte * 256 : byte;
    if (total > 0xffff) total -= 0xffff;
  }
  return total;
}

function address(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  return Array.from({ length: 8 }, (_, index) => hex(bytes.subarray(2 * index, 2 * index + 2))).join(":");
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(`the capture is wrong: ${what}`);
}

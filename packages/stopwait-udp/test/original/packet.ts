/** Packets as the course's programs write and read them: cut at fixed places, nothing checked. */

/** The bit of an F and of its acknowledgement. */
export const FINISH_BIT = "F";
export const BLOCK_BYTES = 100;

export interface OriginalPacket {
  readonly type: string;
  readonly bit: string;
  /** Written and echoed, and never looked at: the root of the bugs. */
  readonly number: string;
  readonly body: Uint8Array;
}

export function write(type: string, bit: string, number: number | string, body: string | Uint8Array): Uint8Array {
  const header = new TextEncoder().encode(type + bit + String(number).padStart(5, "0")); // B9: may be six digits
  const bytes = typeof body === "string" ? new TextEncoder().encode(body) : body;
  const packet = new Uint8Array(header.length + bytes.length);
  packet.set(header);
  packet.set(bytes, header.length);
  return packet;
}

export function read(datagram: Uint8Array): OriginalPacket {
  const header = new TextDecoder().decode(datagram.subarray(0, 7));
  return { type: header.charAt(0), bit: header.charAt(1), number: header.slice(2), body: datagram.subarray(7) };
}

export function data(block: number, bytes: Uint8Array): Uint8Array {
  return write("D", bitOf(block), block, bytes);
}

/** An acknowledgement repeats the bit and the number of what it answers. */
export function ack({ bit, number }: Pick<OriginalPacket, "bit" | "number">): Uint8Array {
  return write("A", bit, number, "ack");
}

export function finish(number: number): Uint8Array {
  return write("F", FINISH_BIT, number, "I'm Done");
}

export function bitOf(block: number): string {
  return String(block % 2);
}

/** The file as a table of blocks; an empty one has none. */
export function tableOf(bytes: Uint8Array): Uint8Array[] {
  const table: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) table.push(bytes.subarray(at, at + BLOCK_BYTES));
  return table;
}

export function append(file: Uint8Array, bytes: Uint8Array): Uint8Array {
  const longer = new Uint8Array(file.length + bytes.length);
  longer.set(file);
  longer.set(bytes, file.length);
  return longer;
}

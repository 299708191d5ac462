/** The packets of the course's protocol, byte for byte (docs/stopwait-udp.md, S1 to S5). */

import { LocalProtocolError, RemoteProtocolError } from "./errors.js";
import { decodeName } from "./names.js";

/** Type, bit and five digits. */
export const V1_HEADER_BYTES = 7;

/** File bytes in every block but the last. */
export const V1_BLOCK_BYTES = 100;

/** The number of a block has five digits. */
export const V1_MAX_BLOCKS = 99_999;

/** 9,999,900: the largest file that v1 can carry. */
export const V1_MAX_FILE_BYTES: number = V1_BLOCK_BYTES * V1_MAX_BLOCKS;

export type V1Packet =
  /** A request to read a file. `name` is undefined where its bytes are no UTF-8. */
  | { readonly type: "get"; readonly name: string | undefined }
  /** A request to write a file. */
  | { readonly type: "put"; readonly name: string | undefined }
  /** `of` a PUT request (`number` 0) or of a block, or of the F that ends a PUT. */
  | { readonly type: "ack"; readonly of: "block" | "finish"; readonly number: number }
  /** Block `number`, from 1, of 1 to 100 bytes; block 1 alone may be empty. */
  | { readonly type: "data"; readonly number: number; readonly bytes: Uint8Array }
  /** The file is complete: `number` is its last block in a PUT, 0 in a GET. */
  | { readonly type: "finish"; readonly number: number }
  /** `number` is that of the packet which it answers: 0 for a request. */
  | { readonly type: "error"; readonly number: number; readonly text: string };

const letterOf = { get: "G", put: "P", ack: "A", data: "D", finish: "F", error: "E" } as const;
const ACK_BODY = encodeText("ack");
const FINISH_BODY = encodeText("I'm Done");
const DIGIT_0 = 48;
const LETTER_F = 70;

/** @throws LocalProtocolError `UNENCODABLE` for a number above 99,999, a block above 100 bytes, a request without a name */
export function encodeV1Packet(packet: V1Packet): Uint8Array {
  const { bit, number, body } = parts(packet);
  if (!Number.isInteger(number) || number < 0 || number > V1_MAX_BLOCKS) throw unencodable(`number ${number}`);
  const bytes = new Uint8Array(V1_HEADER_BYTES + body.length);
  bytes[0] = letterOf[packet.type].charCodeAt(0);
  bytes[1] = bit;
  for (let at = V1_HEADER_BYTES - 1, rest = number; at >= 2; at--, rest = Math.floor(rest / 10)) {
    bytes[at] = DIGIT_0 + (rest % 10);
  }
  bytes.set(body, V1_HEADER_BYTES);
  return bytes;
}

function parts(packet: V1Packet): { bit: number; number: number; body: Uint8Array } {
  switch (packet.type) {
    case "get":
    case "put":
      if (packet.name === undefined) throw unencodable("a request without a name");
      return { bit: DIGIT_0, number: 0, body: encodeText(packet.name) };
    case "ack":
      return {
        bit: packet.of === "finish" ? LETTER_F : bitOf(packet.number),
        number: packet.number,
        body: ACK_BODY,
      };
    case "data":
      if (!isBlock(packet.number, packet.bytes.length)) {
        throw unencodable(`block ${packet.number} of ${packet.bytes.length} bytes`);
      }
      return { bit: bitOf(packet.number), number: packet.number, body: packet.bytes };
    case "finish":
      return { bit: LETTER_F, number: packet.number, body: FINISH_BODY };
    case "error":
      return { bit: DIGIT_0, number: packet.number, body: encodeText(packet.text) };
  }
}

/**
 * @returns the packet; the bytes of a block are a copy
 * @throws RemoteProtocolError for whatever is no packet, and nothing else: `TRUNCATED`, `UNKNOWN_TYPE`, `WRONG_BIT`,
 * `WRONG_NUMBER`, `WRONG_BODY`
 */
export function decodeV1Packet(datagram: Uint8Array): V1Packet {
  if (datagram.length < V1_HEADER_BYTES) throw malformed("TRUNCATED", `${datagram.length} bytes are no header`);
  const letter = String.fromCharCode(datagram[0] ?? 0);
  const bit = datagram[1] ?? 0;
  const number = decodeNumber(datagram);
  const body = datagram.subarray(V1_HEADER_BYTES);
  switch (letter) {
    case "G":
    case "P":
      demandBit(bit, DIGIT_0);
      if (number !== 0) throw malformed("WRONG_NUMBER", "a request has the number 00000");
      return { type: letter === "G" ? "get" : "put", name: decodeName(body) };
    case "A":
      if (bit !== LETTER_F) demandBit(bit, bitOf(number));
      demandBody(body, ACK_BODY);
      return { type: "ack", of: bit === LETTER_F ? "finish" : "block", number };
    case "D":
      demandBit(bit, bitOf(number));
      if (!isBlock(number, body.length)) throw malformed("WRONG_BODY", `block ${number} of ${body.length} bytes`);
      return { type: "data", number, bytes: body.slice() };
    case "F":
      demandBit(bit, LETTER_F);
      demandBody(body, FINISH_BODY);
      return { type: "finish", number };
    case "E":
      demandBit(bit, DIGIT_0);
      return { type: "error", number, text: new TextDecoder().decode(body) };
    default:
      throw malformed("UNKNOWN_TYPE", `no packet begins with byte ${datagram[0]}`);
  }
}

function decodeNumber(datagram: Uint8Array): number {
  let number = 0;
  for (let at = 2; at < V1_HEADER_BYTES; at++) {
    const digit = (datagram[at] ?? 0) - DIGIT_0;
    if (digit < 0 || digit > 9) throw malformed("WRONG_NUMBER", `byte ${at} is no digit`);
    number = 10 * number + digit;
  }
  return number;
}

/** The alternating bit of a block: all that the original looks at. */
function bitOf(number: number): number {
  return DIGIT_0 + (number % 2);
}

function isBlock(number: number, length: number): boolean {
  return number >= 1 && length <= V1_BLOCK_BYTES && (length > 0 || number === 1);
}

function demandBit(bit: number, expected: number): void {
  if (bit !== expected) throw malformed("WRONG_BIT", `bit ${bit} where ${expected} belongs`);
}

function demandBody(body: Uint8Array, expected: Uint8Array): void {
  const isRight = body.length === expected.length && body.every((byte, index) => byte === expected[index]);
  if (!isRight) throw malformed("WRONG_BODY", `the body must be ${new TextDecoder().decode(expected)}`);
}

function encodeText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function malformed(code: string, message: string): RemoteProtocolError {
  return new RemoteProtocolError(code, message);
}

function unencodable(what: string): LocalProtocolError {
  return new LocalProtocolError("UNENCODABLE", `v1 has no packet for ${what}`);
}

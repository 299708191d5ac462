/** Wire v1 in both dialects: its messages as bytes (docs/rake.md R8, R9); v1-decoder.ts reads them. */

import type { Dialect } from "./first-bytes.js";
import { integerBytes, MAX_U32, v1NameFault } from "./v1-fields.js";
import { V1_CODE, type V1Message } from "./v1-messages.js";
import { putU32, putU64 } from "./wire.js";

export { V1Decoder, type V1Limits } from "./v1-decoder.js";
export { isText, MAX_U32, maxInteger, v1NameFault } from "./v1-fields.js";
export type { V1Event, V1Message } from "./v1-messages.js";

const encoder = new TextEncoder();

/**
 * The bytes of a message, in memory of its own, up to where its body begins: the body's bytes are sent as they are. A
 * cost above 2^32 - 1 is said as that (R11).
 * @throws RangeError for an integer that the dialect cannot hold, a name that is not a basename, or a status of 0
 */
export function encodeV1(dialect: Dialect, message: V1Message): Uint8Array {
  const code = V1_CODE[message.type];
  switch (message.type) {
    case "QUOTE_REQUEST":
    case "ACK":
      return joined(dialect, [code]);
    case "RETURN_STATUS":
    case "NO_OUTPUT":
      return joined(dialect, [code, 0]);
    case "QUOTE_REPLY":
      return joined(dialect, [code, Math.min(message.cost, MAX_U32)]);
    case "EXECUTE":
      return joined(dialect, [code, encoder.encode(message.command)]);
    case "BIN_FILE":
    case "SEND_FILE":
    case "RETURN_FILE": {
      const fault = v1NameFault(message.name);
      if (fault !== undefined) throw new RangeError(`the name "${message.name}" ${fault}`);
      return joined(dialect, [code, encoder.encode(message.name), message.size]);
    }
    case "RETURN_STDOUT":
    case "RETURN_STDERR":
      if (message.status === 0) throw new RangeError(`a ${message.type} of status 0`);
      return joined(dialect, [code, message.status, message.size]);
  }
}

/** Integers, and strings: bytes behind their length. */
function joined(dialect: Dialect, fields: readonly (number | Uint8Array)[]): Uint8Array {
  const width = integerBytes(dialect);
  let size = 0;
  for (const field of fields) size += width + (typeof field === "number" ? 0 : field.length);
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const field of fields) {
    putInteger(dialect, bytes, at, typeof field === "number" ? field : field.length);
    at += width;
    if (typeof field === "number") continue;
    bytes.set(field, at);
    at += field.length;
  }
  return bytes;
}

function putInteger(dialect: Dialect, bytes: Uint8Array, at: number, value: number): void {
  if (dialect === "v1-8") return putU64(bytes, at, value);
  if (!Number.isInteger(value) || value < 0 || value > MAX_U32) {
    throw new RangeError(`${value} is not an integer from 0 to 2^32-1`);
  }
  putU32(bytes, at, value);
}

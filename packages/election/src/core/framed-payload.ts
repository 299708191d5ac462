/** Payloads that stand right behind the length of their frame, so that framing them copies nothing (election rule E1). */

import { encodeFrame } from "@lab/framing/core";
import { MAX_PAYLOAD_BYTES } from "./messages.js";

const LENGTH_BYTES = 8;

/** Room for a payload of so many bytes. */
export function newPayload(length: number): Uint8Array {
  const frame = new Uint8Array(LENGTH_BYTES + length);
  frame[6] = length >>> 8;
  frame[7] = length;
  return frame.subarray(LENGTH_BYTES);
}

/**
 * A payload as it goes over a connection. It may share the payload's memory: neither is to be written to afterwards.
 * @throws framing's LocalFrameTooLargeError above 4,096 bytes
 */
export function framed(payload: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = payload;
  if (byteOffset === LENGTH_BYTES && buffer.byteLength === LENGTH_BYTES + length && length <= MAX_PAYLOAD_BYTES) {
    const frame = new Uint8Array(buffer);
    if (announces(frame, length)) return frame;
  }
  return encodeFrame(payload, { maxFrameBytes: MAX_PAYLOAD_BYTES });
}

function announces(frame: Uint8Array, length: number): boolean {
  for (let at = 0; at < LENGTH_BYTES - 2; at++) if (frame[at] !== 0) return false;
  return frame[6] === length >>> 8 && frame[7] === (length & 255);
}

/** Payloads that stand right behind the length of their frame, so that framing them copies nothing (election rule E1). */

import { encodeFrame } from "@lab/framing/core";
import { MAX_PAYLOAD_BYTES } from "./messages.js";

const LENGTH_BYTES = 8;
/** Payloads are parts of larger memory, since many small ones cost more than their bytes. */
const SLAB_BYTES = 16_384;

let slab = new Uint8Array(SLAB_BYTES);
let used = 0;

/** Room for a payload of so many bytes, the length of its frame in front of it. */
export function newPayload(length: number): Uint8Array {
  const size = LENGTH_BYTES + length;
  if (used + size > slab.length) {
    slab = new Uint8Array(Math.max(size, SLAB_BYTES));
    used = 0;
  }
  const at = used;
  used += size;
  slab[at + 5] = length >>> 16;
  slab[at + 6] = length >>> 8;
  slab[at + 7] = length;
  return slab.subarray(at + LENGTH_BYTES, at + size);
}

/**
 * A payload as it goes over a connection. It may share the payload's memory: neither is to be written to afterwards.
 * @throws framing's LocalFrameTooLargeError above 4,096 bytes
 */
export function framed(payload: Uint8Array): Uint8Array {
  const { buffer, byteOffset, length } = payload;
  if (byteOffset >= LENGTH_BYTES && length <= MAX_PAYLOAD_BYTES) {
    const frame = new Uint8Array(buffer, byteOffset - LENGTH_BYTES, LENGTH_BYTES + length);
    if (isLength(frame, length)) return frame;
  }
  return encodeFrame(payload, { maxFrameBytes: MAX_PAYLOAD_BYTES });
}

/** Whether a frame's length stands there, whoever wrote it. */
function isLength(frame: Uint8Array, length: number): boolean {
  for (let at = 0; at < LENGTH_BYTES - 2; at++) if (frame[at] !== 0) return false;
  return frame[6] === length >>> 8 && frame[7] === (length & 255);
}

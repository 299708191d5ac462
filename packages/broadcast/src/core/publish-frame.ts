/** PUBLISH frames: one of many payloads, and the payloads of one without a view for each (docs/broadcast.md B1). */

import { TYPE } from "./message-types.js";
import { FRAME_HEADER_BYTES, malformed, newFrame, putU32, putU64, u32At, u64At } from "./wire.js";

/** What a PUBLISH takes beside its payloads and their lengths. */
export const PUBLISH_HEADER_BYTES = 11;
export const MAX_PUBLISH_COUNT = 65_535;

/** @throws RangeError where there is none, or more than 65,535 */
export function encodePublish(firstClientSeq: number, payloads: readonly Uint8Array[]): Uint8Array {
  const count = payloads.length;
  if (count < 1 || count > MAX_PUBLISH_COUNT) throw new RangeError(`a PUBLISH of ${count}`);
  let size = PUBLISH_HEADER_BYTES;
  for (const { length } of payloads) size += 4 + length;
  const frame = newFrame(size);
  let at = FRAME_HEADER_BYTES;
  frame[at] = TYPE.publish;
  putU64(frame, at + 1, firstClientSeq);
  frame[at + 9] = count >>> 8;
  frame[at + 10] = count;
  at += PUBLISH_HEADER_BYTES;
  for (const payload of payloads) {
    putU32(frame, at, payload.length);
    frame.set(payload, at + 4);
    at += 4 + payload.length;
  }
  return frame;
}

/**
 * Steps over the payloads of a PUBLISH: `begin` checks the whole of it, and after `next()` said true the payload is
 * `bytes[start..end)`.
 */
export class PublishWalker {
  bytes: Uint8Array = new Uint8Array(0);
  firstClientSeq = 0;
  count = 0;
  start = 0;
  end = 0;
  #limit = 0;

  /** The PUBLISH that `bytes[from..to)` is, type byte included. @throws RemoteProtocolError */
  begin(bytes: Uint8Array, from = 0, to: number = bytes.length): this {
    if (to - from < PUBLISH_HEADER_BYTES || bytes[from] !== TYPE.publish) throw malformed("not a PUBLISH");
    const first = u64At(bytes, from + 1);
    const count = (bytes[from + 9] as number) * 256 + (bytes[from + 10] as number);
    if (count === 0) throw malformed("a PUBLISH of nothing");
    if (first === 0 || first > Number.MAX_SAFE_INTEGER - (count - 1)) throw malformed(`a client seq of ${first}`);
    const begin = from + PUBLISH_HEADER_BYTES;
    let at = begin;
    for (let left = count; left > 0; left--) {
      if (at + 4 > to) throw malformed("the messages of a PUBLISH go past the end");
      at += 4 + u32At(bytes, at);
    }
    if (at > to) throw malformed("the messages of a PUBLISH go past the end");
    if (at < to) throw malformed(`${to - at} bytes are left over`);
    this.bytes = bytes;
    this.firstClientSeq = first;
    this.count = count;
    this.end = begin;
    this.#limit = to;
    return this;
  }

  /** False where all were seen. */
  next(): boolean {
    if (this.end === this.#limit) return false;
    this.start = this.end + 4;
    this.end = this.start + u32At(this.bytes, this.start - 4);
    return true;
  }
}

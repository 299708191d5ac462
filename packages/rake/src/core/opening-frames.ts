/** Frames of a client of v2, short ones alone until it has its WELCOME (docs/rake.md R14). */

import { FrameDecoder, FrameTooLargeError, type FramingError } from "@lab/framing/core";
import { MAX_OPENING_FRAME_BYTES } from "./message-limits.js";

export class OpeningFrames extends FrameDecoder {
  /** Whether it has no WELCOME: a peer of which nothing is known yet gets no memory for more. */
  isOpening = true;

  protected override admit(high: number, low: number): number | FramingError {
    const length = super.admit(high, low);
    if (typeof length !== "number" || length <= MAX_OPENING_FRAME_BYTES || !this.isOpening) return length;
    return new FrameTooLargeError(BigInt(length), MAX_OPENING_FRAME_BYTES);
  }
}

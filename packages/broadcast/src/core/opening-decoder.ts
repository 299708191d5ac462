/** Frames of a client, short ones alone until it has its WELCOME (docs/broadcast.md B5). */

import { FrameDecoder, FrameTooLargeError, type FramingError } from "@lab/framing/core";

/** A HELLO and an AUTH are far below. A peer of which nothing is known yet gets no memory for more. */
export const MAX_OPENING_BYTES = 1_024;

export class OpeningDecoder extends FrameDecoder {
  readonly #isOpening: () => boolean;

  /** @param isOpening whether it has no WELCOME */
  constructor(maxFrameBytes: number, isOpening: () => boolean) {
    super({ maxFrameBytes });
    this.#isOpening = isOpening;
  }

  protected override admit(high: number, low: number): number | FramingError {
    const length = super.admit(high, low);
    if (typeof length !== "number" || length <= MAX_OPENING_BYTES || !this.#isOpening()) return length;
    return new FrameTooLargeError(BigInt(length), MAX_OPENING_BYTES);
  }
}

/** Epochs are drawn at random (docs/broadcast.md B25). */

import type { Platform } from "./platform.js";

/** 1 to 2^53 - 1. */
export function drawEpoch(platform: Platform): number {
  const bytes = platform.randomBytes(7);
  let epoch = (bytes[0] as number) & 0x1f;
  for (let at = 1; at < 7; at++) epoch = epoch * 256 + (bytes[at] as number);
  return epoch === 0 ? 1 : epoch;
}

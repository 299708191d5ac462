/** Fields of a payload at their places (election rules E2, E3): oracles look at every message, and decode few. */
import { BODY_TYPES, type BodyType } from "../../src/core/messages.js";

export function typeOf(payload: Uint8Array): BodyType | undefined {
  return BODY_TYPES[(payload[1] ?? 0) - 1];
}

export function epochOf(payload: Uint8Array): number {
  let epoch = 0;
  for (let at = 2; at < 10; at++) epoch = epoch * 256 + (payload[at] ?? 0);
  return epoch;
}

/** Ids of a simulation are ASCII and short. */
export function senderOf(payload: Uint8Array): string {
  const length = 26 + (payload[25] ?? 0);
  const start = length + 4;
  return String.fromCharCode(...payload.subarray(start, start + (payload[start - 1] ?? 0)));
}

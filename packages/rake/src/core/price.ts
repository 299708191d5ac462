/** What an attempt costs on this server, in milliseconds (docs/rake.md R29). */

import type { PriceParts } from "./messages.js";

export interface PriceFactors {
  /** Until a slot is free. */
  readonly queueMs: number;
  /** On a host of speed 1. */
  readonly workMs: number;
  /** Thousandths. */
  readonly speed: number;
  readonly cores: number;
  /** Cores that are busy with others. */
  readonly load: number;
  readonly missingBytes: number;
  readonly bytesPerSecond: number;
  readonly chargeMs: number;
}

const LEAST_SHARE = 0.1;
/** Of a part: four of them are an integer still. */
const MOST_MS = 2 ** 50;

/** The parts as whole milliseconds, and their sum. */
export function priceOf(factors: PriceFactors): PriceParts & { readonly costMs: number } {
  const { workMs, speed, cores, load, missingBytes, bytesPerSecond } = factors;
  const share = Math.max(LEAST_SHARE, Math.min(1, cores - load));
  const queueMs = whole(factors.queueMs);
  const runMs = whole(workMs / ((speed / 1_000) * share));
  const transferMs = whole(Math.ceil((missingBytes * 1_000) / bytesPerSecond));
  const chargeMs = whole(factors.chargeMs);
  return { queueMs, runMs, transferMs, chargeMs, costMs: queueMs + runMs + transferMs + chargeMs };
}

function whole(ms: number): number {
  return Math.min(MOST_MS, Math.round(ms));
}

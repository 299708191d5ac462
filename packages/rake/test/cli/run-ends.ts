import type { End, RunEnd } from "../../src/core/index.js";

/** How an attempt ended, with numbers that nobody looks at. */
export function endOf(end: End, code: number, text = ""): RunEnd {
  return { end, code, text, cpuMicros: 5_000, peakBytes: 1_048_576, wallMicros: 800_000 };
}

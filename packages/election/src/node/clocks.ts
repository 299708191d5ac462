/** The two clocks that a lease is judged by (election rule E13). */
import type { Now } from "../core/stamp.js";

/** Where a node reads the time. Both are read at every input and at every `isLeader()` and `token()`. */
export interface Clocks {
  /** Milliseconds from any origin; never goes back; may stop while the machine sleeps. */
  mono(): number;
  /** Milliseconds since 1970. Where a platform has a clock that runs through sleep and is never set, that one is better. */
  wall(): number;
}

/** `process.hrtime` and `Date.now`. */
export const systemClocks: Clocks = {
  mono: () => Number(process.hrtime.bigint()) / 1e6,
  wall: () => Date.now(),
};

/** The clocks as a machine wants them: the monotonic one from 0. */
export function readerOf(clocks: Clocks): () => Now {
  const start = clocks.mono();
  return () => ({ mono: clocks.mono() - start, wall: clocks.wall() });
}

/** The two clocks that a lease is judged by (election rule E13). */
import type { Now } from "../core/stamp.js";

/** Where a node reads the time. Both are read at every input and at every `isLeader()` and `token()`. */
export interface Clocks {
  /** Milliseconds from any origin; never goes back; may stop while the machine sleeps. */
  mono(): number;
  /** Milliseconds since 1970. Where a platform has a clock that runs through sleep and is never set, that one is better. */
  wall(): number;
}

/** `performance.now`, which reads the clock of `process.hrtime` without an allocation, and `Date.now`. */
export const systemClocks: Clocks = {
  mono: () => performance.now(),
  wall: () => Date.now(),
};

/** How far apart two clocks that are read together may have been read. */
const TOGETHER_MS = 1;
/** After so many attempts they are taken as they are: where the machine is that busy, a lease may be lost (E13). */
const MAX_ATTEMPTS = 10;

/**
 * The clocks as a machine wants them: the monotonic one from 0, both read at the same time. On a busy machine another process
 * may run for tens of milliseconds between two readings, which at the next look would seem as if somebody had set the wall clock back; then
 * they are read again.
 * @throws TypeError where they do not give numbers: nothing that is computed of a lease would be true
 */
export function readerOf(clocks: Clocks): () => Now {
  const start = clocks.mono();
  for (const [name, value] of Object.entries({ mono: start, wall: clocks.wall() })) {
    if (!Number.isFinite(value)) throw new TypeError(`clocks.${name} must give a number of milliseconds, not ${value}`);
  }
  return () => {
    let before = clocks.mono();
    for (let attempt = 1; ; attempt++) {
      const wall = clocks.wall();
      const mono = clocks.mono();
      if (mono - before <= TOGETHER_MS || attempt === MAX_ATTEMPTS) return { mono: mono - start, wall };
      before = mono;
    }
  };
}

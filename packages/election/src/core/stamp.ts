/** Two clocks read at once, and what has elapsed since (election rules E9, E13). */

/** What a node's clocks say, in milliseconds. */
export interface Now {
  /** From 0; never goes back; may stop while the machine sleeps. */
  readonly mono: number;
  /** Since 1970; may be set at any time, in either direction. */
  readonly wall: number;
}

/** A `Now` as it goes over the wire and comes back: rounded down, so that nothing counts longer than it should. */
export interface Stamp {
  /** In whole microseconds. */
  readonly mono: number;
  /** In whole milliseconds. */
  readonly wall: number;
}

export function stampOf(now: Now): Stamp {
  return { mono: Math.floor(now.mono * 1_000) / 1_000, wall: Math.max(0, Math.floor(now.wall)) };
}

/** Milliseconds since `then`, the larger of what the two clocks say. */
export function elapsed(now: Now, then: Now): number {
  return Math.max(now.mono - then.mono, now.wall - then.wall);
}

/** What clocks of different rates and whole milliseconds differ by between two looks, without anybody having set one. */
const TOLERANCE_MS = 10;

/** Whether the wall clock was set back between two looks, as far as the clocks can tell (E13). */
export function wasSetBack(now: Now, before: Now, clockError: number): boolean {
  return now.wall - before.wall < (now.mono - before.mono) * (1 - 2 * clockError) - TOLERANCE_MS;
}

export function sameStamp(a: Stamp, b: Stamp): boolean {
  return a.mono === b.mono && a.wall === b.wall;
}

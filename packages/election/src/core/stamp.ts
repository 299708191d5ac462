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

/** Sees that the wall clock was set back, at once or by little and little, as far as the clocks can tell (E13). */
export class WallWatch {
  readonly #slowest: number;
  /** The highest lead of the wall clock over the slowest that it may be. Without somebody who sets it, the lead never falls. */
  #highest = Number.NEGATIVE_INFINITY;

  constructor(clockError: number) {
    this.#slowest = 1 - 2 * clockError;
  }

  /** Whether it was set back since the lead was highest; true once, then it begins anew. */
  look({ mono, wall }: Now): boolean {
    const lead = wall - mono * this.#slowest;
    const isSetBack = lead < this.#highest - TOLERANCE_MS;
    if (isSetBack || lead > this.#highest) this.#highest = lead;
    return isSetBack;
  }
}

export function sameStamp(a: Stamp, b: Stamp): boolean {
  return a.mono === b.mono && a.wall === b.wall;
}

/** What a server has learned of kinds of commands: how long they take on a host of speed 1 (docs/rake.md R30). */

/** The weight of the last run in the mean. */
const LAST_WEIGHT = 0.3;
/** Kinds that are kept; the one that was learned of longest ago goes first. */
const MAX_KINDS = 10_000;

export class Durations {
  readonly #workMs: Map<string, number>;

  constructor(learned: ReadonlyMap<string, number>) {
    this.#workMs = new Map([...learned].slice(-MAX_KINDS));
  }

  workMs(kind: string): number | undefined {
    return this.#workMs.get(kind);
  }

  /** @param workMs the duration of a run times the host's speed */
  learn(kind: string, workMs: number): void {
    const known = this.#workMs.get(kind);
    this.#workMs.delete(kind);
    this.#workMs.set(kind, lastWeighted(known, workMs));
    if (this.#workMs.size <= MAX_KINDS) return;
    for (const oldest of this.#workMs.keys()) {
      this.#workMs.delete(oldest);
      break;
    }
  }

  /** Whole milliseconds by kind. */
  all(): Record<string, number> {
    return Object.fromEntries([...this.#workMs].map(([kind, ms]) => [kind, Math.round(ms)]));
  }
}

/** A mean in which the last value weighs 0.3; the first one is the mean itself. */
export function lastWeighted(mean: number | undefined, last: number): number {
  return mean === undefined ? last : (1 - LAST_WEIGHT) * mean + LAST_WEIGHT * last;
}

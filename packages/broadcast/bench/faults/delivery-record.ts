/** What one subscriber heard, and when: judged against what was published. */

export interface Verdict {
  /** Acknowledged to the publisher, and never heard. */
  readonly lost: number;
  /** Heard once more than once, counted for each time. */
  readonly duplicated: number;
  /** Heard for the first time behind one that was published later. */
  readonly outOfOrder: number;
}

export class DeliveryRecord {
  readonly #times: { readonly index: number; readonly at: number }[] = [];
  readonly #seen = new Set<number>();
  readonly #waiting = new Set<() => void>();

  /** Message `index` of the publisher came, at this time in milliseconds. */
  heard(index: number, at: number): void {
    this.#times.push({ index, at });
    this.#seen.add(index);
    for (const wake of this.#waiting) wake();
  }

  /** Different messages that were heard. */
  get count(): number {
    return this.#seen.size;
  }

  /** Resolves once all of these were heard; false: they were not within `timeoutMs`. */
  async hasHeard(indices: readonly number[], timeoutMs: number): Promise<boolean> {
    const missing = new Set(indices.filter((index) => !this.#seen.has(index)));
    if (missing.size === 0) return true;
    return await new Promise<boolean>((resolve) => {
      const end = (all: boolean): void => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(all);
      };
      const look = (): void => {
        missing.delete((this.#times.at(-1) as { index: number }).index);
        if (missing.size === 0) end(true);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      this.#waiting.add(look);
    });
  }

  verdict(acknowledged: readonly number[]): Verdict {
    const seen = new Set<number>();
    let highest = -1;
    let duplicated = 0;
    let outOfOrder = 0;
    for (const { index } of this.#times) {
      if (seen.has(index)) duplicated++;
      else if (index < highest) outOfOrder++;
      seen.add(index);
      highest = Math.max(highest, index);
    }
    return { lost: acknowledged.filter((index) => !seen.has(index)).length, duplicated, outOfOrder };
  }

  /** The longest time without hearing anything between two times, in milliseconds. */
  longestSilence(from: number, to: number): number {
    let before = from;
    let longest = 0;
    for (const { at } of this.#times) {
      if (at < from) continue;
      longest = Math.max(longest, Math.min(at, to) - before);
      if (at >= to) return longest;
      before = at;
    }
    return Math.max(longest, to - before);
  }

  /** How long after `time` the next message came; infinite: none did. */
  silenceAfter(time: number): number {
    const next = this.#times.find(({ at }) => at >= time);
    return next === undefined ? Number.POSITIVE_INFINITY : next.at - time;
  }
}

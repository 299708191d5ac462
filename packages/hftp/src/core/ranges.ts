/** A set of bytes of a file, kept as ranges. */

/** From byte `start` up to byte `end`, which is not part of it. */
export type Range = readonly [start: number, end: number];

/**
 * A set of non-negative integers as sorted, disjoint ranges that do not touch. What is changed is found by halving, so
 * that a change costs little more than moving what stands behind it.
 */
export class Ranges implements Iterable<Range> {
  #ranges: Range[] = [];
  #total = 0;

  /** @param ranges in any order, overlapping or not; empty ones do not matter */
  constructor(ranges: Iterable<Range> = []) {
    for (const [start, end] of ranges) this.add(start, end);
  }

  /** The set of ranges that are sorted and apart already, however many. */
  static sorted(ranges: readonly Range[]): Ranges {
    const set = new Ranges();
    set.#ranges = ranges.map(([start, end]) => [start, end]);
    set.#total = ranges.reduce((sum, [start, end]) => sum + (end - start), 0);
    return set;
  }

  /** How many integers are in the set. */
  get total(): number {
    return this.#total;
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  [Symbol.iterator](): Iterator<Range> {
    return this.#ranges[Symbol.iterator]();
  }

  /** How many ranges it takes. */
  get count(): number {
    return this.#ranges.length;
  }

  /** Puts start..end-1 in. */
  add(start: number, end: number): void {
    if (start >= end) return;
    const from = this.#firstWhose((range) => range[1] >= start);
    const to = this.#firstWhose((range) => range[0] > end);
    const first = from < to ? Math.min(start, (this.#ranges[from] as Range)[0]) : start;
    const last = from < to ? Math.max(end, (this.#ranges[to - 1] as Range)[1]) : end;
    this.#replace(from, to, [[first, last]]);
  }

  /** Takes start..end-1 out. */
  subtract(start: number, end: number): void {
    if (start >= end) return;
    const from = this.#firstWhose((range) => range[1] > start);
    const to = this.#firstWhose((range) => range[0] >= end);
    if (from >= to) return;
    const left: Range = [(this.#ranges[from] as Range)[0], start];
    const right: Range = [end, (this.#ranges[to - 1] as Range)[1]];
    this.#replace(
      from,
      to,
      [left, right].filter((range) => range[0] < range[1]),
    );
  }

  /** Index of the first range of which something holds that holds of all behind it too. */
  #firstWhose(holds: (range: Range) => boolean): number {
    let low = 0;
    for (let high = this.#ranges.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (holds(this.#ranges[middle] as Range)) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #replace(from: number, to: number, by: readonly Range[]): void {
    for (const [start, end] of this.#ranges.splice(from, to - from, ...by)) this.#total -= end - start;
    for (const [start, end] of by) this.#total += end - start;
  }

  /** Takes the lowest range out, at most `max` of it; undefined where the set is empty. */
  take(max: number): Range | undefined {
    const first = this.#ranges[0];
    if (first === undefined) return undefined;
    const taken: Range = [first[0], Math.min(first[1], first[0] + max)];
    this.subtract(...taken);
    return taken;
  }

  /** What of 0..size-1 is not in the set. */
  holes(size: number): Ranges {
    const holes: Range[] = [];
    let at = 0;
    for (const [start, end] of this.#ranges) {
      if (at < Math.min(start, size)) holes.push([at, Math.min(start, size)]);
      at = end;
    }
    if (at < size) holes.push([at, size]);
    return Ranges.sorted(holes);
  }
}

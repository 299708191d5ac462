/** A set of bytes of a file, kept as ranges. */

/** From byte `start` up to byte `end`, which is not part of it. */
export type Range = readonly [start: number, end: number];

/** A set of non-negative integers as sorted, disjoint ranges that do not touch. */
export class Ranges implements Iterable<Range> {
  #ranges: Range[] = [];

  /** @param ranges in any order, overlapping or not; empty ones do not matter */
  constructor(ranges: Iterable<Range> = []) {
    for (const [start, end] of ranges) this.add(start, end);
  }

  /** The set of ranges that are sorted and apart already, however many. */
  static sorted(ranges: readonly Range[]): Ranges {
    const set = new Ranges();
    set.#ranges = ranges.map(([start, end]) => [start, end]);
    return set;
  }

  /** How many integers are in the set. */
  get total(): number {
    return this.#ranges.reduce((sum, [start, end]) => sum + (end - start), 0);
  }

  get isEmpty(): boolean {
    return this.#ranges.length === 0;
  }

  [Symbol.iterator](): Iterator<Range> {
    return this.#ranges[Symbol.iterator]();
  }

  /** Puts start..end-1 in. */
  add(start: number, end: number): void {
    if (start >= end) return;
    const before = this.#ranges.filter((range) => range[1] < start);
    const after = this.#ranges.filter((range) => range[0] > end);
    const touching = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const first = Math.min(start, touching[0]?.[0] ?? start);
    const last = Math.max(end, touching[touching.length - 1]?.[1] ?? end);
    this.#ranges = [...before, [first, last], ...after];
  }

  /** Takes start..end-1 out. */
  subtract(start: number, end: number): void {
    if (start >= end) return;
    this.#ranges = this.#ranges.flatMap(([from, to]) => {
      const left: Range = [from, Math.min(to, start)];
      const right: Range = [Math.max(from, end), to];
      return [left, right].filter((range) => range[0] < range[1]);
    });
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

import fc from "fast-check";
import { expect, it } from "vitest";
import { Ranges } from "../../src/core/ranges.js";

it("H32: sets of byte ranges equal sets of numbers, whatever is put in and taken out", () => {
  const bounds = fc.tuple(fc.nat(40), fc.nat(12));
  const step = fc.oneof(
    bounds.map(([start, length]) => ({ type: "add", start, end: start + length }) as const),
    bounds.map(([start, length]) => ({ type: "subtract", start, end: start + length }) as const),
    fc.integer({ min: 1, max: 9 }).map((max) => ({ type: "take", max }) as const),
  );
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const ranges = new Ranges();
      const model = new Set<number>();
      for (const one of steps) {
        if (one.type === "take") {
          const taken = ranges.take(one.max);
          const lowest = Math.min(...model);
          expect(taken?.[0]).toBe(model.size === 0 ? undefined : lowest);
          if (taken === undefined) continue;
          expect(taken[1] - taken[0]).toBeLessThanOrEqual(one.max);
          for (let at = taken[0]; at < taken[1]; at++) expect(model.delete(at)).toBe(true);
          // As much as there was: the byte behind was not in the set, or the limit was reached.
          expect(taken[1] - taken[0] === one.max || !model.has(taken[1])).toBe(true);
        } else {
          ranges[one.type](one.start, one.end);
          for (let at = one.start; at < one.end; at++) one.type === "add" ? model.add(at) : model.delete(at);
        }
        const list = [...ranges];
        expect(list.flatMap(([start, end]) => Array.from({ length: end - start }, (_, at) => start + at))).toEqual(
          [...model].sort((a, b) => a - b),
        );
        for (const [index, [start]] of list.entries()) expect(start).toBeGreaterThan(list[index - 1]?.[1] ?? -1);
        expect(ranges.total).toBe(model.size);
        expect(ranges.count).toBe(list.length);
        expect(ranges.isEmpty).toBe(model.size === 0);
        const holes = [...ranges.holes(45)].flatMap(([start, end]) =>
          Array.from({ length: end - start }, (_, at) => start + at),
        );
        expect(holes).toEqual(Array.from({ length: 45 }, (_, at) => at).filter((at) => !model.has(at)));
      }
    }),
  );
});

it("H40: twice as many ranges as a state file may hold, put in, cut and joined one by one, take no time", () => {
  const ranges = new Ranges();
  const many = 20_000;
  const began = process.cpuUsage();
  for (let at = many - 1; at >= 0; at--) ranges.add(at * 4, at * 4 + 2);
  expect([ranges.count, ranges.total]).toEqual([many, 2 * many]);
  for (let at = 0; at < many; at++) {
    ranges.subtract(at * 4, at * 4 + 1);
    expect(ranges.total > 0).toBe(true); // known without a sum over all of them
  }
  expect(ranges.take(9)).toEqual([1, 2]);
  for (let at = many - 2; at >= 0; at--) ranges.add(at * 4, at * 4 + 5);
  expect([ranges.count, ranges.total]).toEqual([1, 4 * many - 2]);
  // Some tenths of a second of a processor; with a copy of all ranges for each change it was half a minute.
  const { user, system } = process.cpuUsage(began);
  expect((user + system) / 1000).toBeLessThan(4000);
});

import fc from "fast-check";
import { expect, it } from "vitest";
import { NodeClock } from "../src/core/node-clock.js";

const passing = fc.double({ min: 0, max: 10_000, noNaN: true });
const change = fc.oneof(
  fc.record({ skew: fc.integer({ min: -5_000, max: 5_000 }) }),
  fc.record({ rate: fc.double({ min: 0.5, max: 2, noNaN: true }) }),
);

it("N5: whatever is done to a clock, it never goes back", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(passing, fc.option(change))), (steps) => {
      const clock = new NodeClock(-300, 1.01);
      let world = 0;
      let last = clock.read(world);
      for (const [ms, what] of steps) {
        world += ms;
        if (what !== null && "skew" in what) clock.skew(world, what.skew);
        else if (what !== null) clock.drift(world, what.rate);
        const shown = clock.read(world);
        expect(shown).toBeGreaterThanOrEqual(last);
        last = shown;
      }
    }),
  );
});

it("N5: the time at which it will show something is neither before nor noticeably after it does", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(passing, change)), passing, (steps, ahead) => {
      const clock = new NodeClock();
      let world = 0;
      for (const [ms, what] of steps) {
        world += ms;
        if ("skew" in what) clock.skew(world, what.skew);
        else clock.drift(world, what.rate);
      }
      const target = clock.read(world) + ahead;
      const at = clock.worldTimeOf(target);
      if (at - 0.001 > world) expect(clock.read(at - 0.001)).toBeLessThan(target);
      expect(clock.read(Math.max(at, world))).toBeGreaterThanOrEqual(target);
    }),
  );
});

it("N5: a clock that is set back by a second stands still for a second", () => {
  const clock = new NodeClock();
  clock.skew(5_000, -1_000);
  expect(clock.worldTimeOf(5_000.001)).toBeCloseTo(6_000, 2);
  expect([5_000, 5_500, 6_000, 6_250].map((world) => clock.read(world))).toEqual([5_000, 5_000, 5_000, 5_250]);
});

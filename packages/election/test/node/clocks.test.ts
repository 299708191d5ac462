import { expect, test } from "vitest";
import { WallWatch } from "../../src/core/stamp.js";
import { readerOf, systemClocks } from "../../src/node/clocks.js";

test("E13 clocks between whose readings another process ran are read again: nobody has set one back", () => {
  let trueMs = 0;
  let pauses = 0;
  const now = readerOf({
    mono: () => trueMs,
    wall: () => {
      if (pauses > 0) {
        pauses--;
        trueMs += 40;
      }
      return 1_700_000_000_000 + trueMs;
    },
  });
  const first = now();
  pauses = 2;
  const second = now();
  trueMs += 1;
  const third = now();
  expect(first).toEqual({ mono: 0, wall: 1_700_000_000_000 });
  expect(second).toEqual({ mono: 80, wall: 1_700_000_000_080 });
  const watch = new WallWatch(0.047);
  expect([first, second, third].map((at) => watch.look(at))).toEqual([false, false, false]);
});

test("E13 clocks are taken as they are where they never can be read together", () => {
  let trueMs = 0;
  const now = readerOf({
    mono: () => trueMs,
    wall: () => {
      trueMs += 40;
      return 5_000 + trueMs;
    },
  });
  const { mono, wall } = now();
  expect(wall).toBe(5_000 + mono);
});

test("the system's monotonic clock goes like that of process.hrtime", () => {
  const hrtimeMs = (): number => Number(process.hrtime.bigint()) / 1e6;
  const [outerStart, start, innerStart] = [hrtimeMs(), systemClocks.mono(), hrtimeMs()];
  while (systemClocks.mono() < start + 20);
  const [innerEnd, end, outerEnd] = [hrtimeMs(), systemClocks.mono(), hrtimeMs()];
  expect(end - start).toBeGreaterThan(innerEnd - innerStart - 0.01);
  expect(end - start).toBeLessThan(outerEnd - outerStart + 0.01);
});

import { expect, it } from "vitest";
import { RttEstimator } from "../src/core/rtt.js";

const limits = { initialRtoMs: 1_000, minRtoMs: 50, maxRtoMs: 5_000 };

it("S42: begins with the first sample and half of it as variation, then smooths by 1/8 and 1/4 (RFC 6298, 2.2 and 2.3)", () => {
  const rtt = new RttEstimator(limits);
  expect([rtt.timeoutMs, rtt.smoothedMs]).toEqual([1_000, undefined]);
  rtt.sample(200);
  expect([rtt.timeoutMs, rtt.smoothedMs]).toEqual([200 + 4 * 100, 200]);
  rtt.sample(280); // variation 100 -> 3/4 * 100 + 1/4 * 80 = 95; smoothed 200 -> 7/8 * 200 + 1/8 * 280 = 210
  expect([rtt.timeoutMs, rtt.smoothedMs]).toEqual([210 + 4 * 95, 210]);
  expect([rtt.samples, rtt.leastMs]).toEqual([2, 200]);
});

it("S42: waits at least 10 ms longer than the round trip, however steady that is", () => {
  const rtt = new RttEstimator(limits);
  for (let count = 0; count < 200; count++) rtt.sample(242.4);
  expect(rtt.timeoutMs).toBeCloseTo(252.4, 6);
});

it("S42: doubles at each timeout until the next sample, between its limits", () => {
  const rtt = new RttEstimator(limits);
  rtt.sample(200);
  const waits = Array.from({ length: 5 }, () => {
    rtt.backOff();
    return rtt.timeoutMs;
  });
  expect(waits).toEqual([1_200, 2_400, 4_800, 5_000, 5_000]);
  rtt.sample(200);
  expect(rtt.timeoutMs).toBe(200 + 4 * 75);
  const quick = new RttEstimator(limits);
  for (let count = 0; count < 50; count++) quick.sample(0.05);
  expect(quick.timeoutMs).toBe(50);
});

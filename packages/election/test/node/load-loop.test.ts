/** Measuring in the background: what fails, hangs or makes no sense costs a line of the log. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Load } from "../../src/index.js";
import { LoadLoop } from "../../src/node/load-loop.js";
import { silentLogger } from "../../src/node/logger.js";
import { idle } from "./nodes.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function run(measureLoad: () => Promise<Load>) {
  const warnings: object[] = [];
  const loads: Load[] = [];
  const logger = { ...silentLogger, warn: (fields: object) => void warnings.push(fields) };
  const options = { measureLoad, measureMs: 1_000, measureTimeoutMs: 5_000, logger };
  const loop = new LoadLoop(options, (load) => void loads.push(load));
  return { loop, warnings, loads };
}

it("measures at once, and again measureMs after the end of each", async () => {
  let calls = 0;
  const { loop, loads } = run(async () => {
    calls++;
    await new Promise((resolve) => setTimeout(resolve, 300));
    return idle;
  });
  await vi.advanceTimersByTimeAsync(299);
  expect([calls, loads.length]).toEqual([1, 0]);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([calls, loads.length]).toEqual([1, 1]);
  await vi.advanceTimersByTimeAsync(1);
  expect(calls).toBe(2);
  loop.stop();
  await vi.advanceTimersByTimeAsync(10_000);
  expect([calls, loads.length]).toEqual([2, 1]); // what ends after the stop is not reported
  expect(vi.getTimerCount()).toBe(0);
});

it("says once that it fails, and goes on", async () => {
  let calls = 0;
  const { loop, warnings, loads } = run(async () => {
    if (++calls < 3) throw new Error("no such sensor");
    return idle;
  });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(warnings).toEqual([{ why: "no such sensor" }]);
  expect(loads).toEqual([idle]);
  loop.stop();
});

it("says once that it hangs, and does not begin another one meanwhile", async () => {
  let calls = 0;
  let end: (load: Load) => void = () => {};
  const { loop, warnings, loads } = run(async () => {
    calls++;
    return await new Promise<Load>((resolve) => {
      end = resolve;
    });
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(warnings).toEqual([{ why: "it took longer than 5000 ms" }]);
  expect(calls).toBe(1);
  end(idle);
  await vi.advanceTimersByTimeAsync(1_000);
  expect([calls, loads.length]).toEqual([2, 1]);
  loop.stop();
});

it("brings what is measured into the range that can be sent, and refuses what is no number", async () => {
  const odd: Load[] = [
    { ...idle, cpuPercent: 170, usedRamBytes: 20, totalRamBytes: 10.5, freeDiskBytes: Number.POSITIVE_INFINITY },
    { ...idle, cpuPercent: -1, freeBandwidthBytes: -5 },
    { ...idle, cpuPercent: Number.NaN },
    undefined as unknown as Load,
  ];
  const { loop, warnings, loads } = run(async () => (odd.length > 0 ? (odd.shift() as Load) : idle));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(loads).toEqual([
    { ...idle, cpuPercent: 100, usedRamBytes: 10, totalRamBytes: 10, freeDiskBytes: Number.MAX_SAFE_INTEGER },
    { ...idle, cpuPercent: 0, freeBandwidthBytes: 0 },
  ]);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(loads).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(loads).toHaveLength(3);
  expect(warnings).toEqual([{ why: "cpuPercent is NaN, but must be a number" }]);
  loop.stop();
});

/** What a bid takes a machine to be busy with (R29). */
import { cpus } from "node:os";
import { expect, it } from "vitest";
import { serve } from "../../src/index.js";
import { Load } from "../../src/node/load.js";

/** Until the system has counted on. */
async function busyCores(load: Load, running: number): Promise<number> {
  const idle = (): number => cpus().reduce((sum, { times }) => sum + times.idle + times.user + times.sys, 0);
  for (const began = idle(); idle() === began; ) await new Promise(setImmediate);
  return load.busyCores(running);
}

it("R29: who says how busy the cores are is believed, less what is the server's own; else it is measured", async () => {
  const cores = cpus().length;
  expect(await busyCores(new Load(() => 0), 0)).toBe(0);
  const busy = await busyCores(new Load(() => 100), 0);
  expect(busy).toBeGreaterThan(0);
  expect(busy).toBeLessThanOrEqual(cores);
  expect(await busyCores(new Load(() => 1_000), 0)).toBeLessThanOrEqual(cores);
  expect(await busyCores(new Load(() => 100), cores)).toBe(0);
  const measured = await busyCores(new Load(() => Number.NaN), 0);
  expect(measured).toBeGreaterThanOrEqual(0);
  expect(measured).toBeLessThanOrEqual(cores);
});

it("R29: cpuPercent is a function", async () => {
  await expect(serve({ cpuPercent: 7 as never })).rejects.toThrow(/^cpuPercent must be a function, not /);
});

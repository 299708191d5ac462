/** What this very machine says of itself. */
import childProcess from "node:child_process";
import { totalmem } from "node:os";
import { expect, it, vi } from "vitest";
import { deviceInfo, hostLoad } from "../../src/index.js";

it("measures a load that makes sense, and starts no process for it after the first time on Linux", async () => {
  await hostLoad();
  const spawn = vi.spyOn(childProcess, "spawn");
  const exec = vi.spyOn(childProcess, "exec");
  const execFile = vi.spyOn(childProcess, "execFile");
  const load = await hostLoad();
  if (process.platform === "linux") {
    for (const started of [spawn, exec, execFile]) expect(started).not.toHaveBeenCalled();
  }
  vi.restoreAllMocks();
  expect(load.cpuPercent).toBeGreaterThanOrEqual(0);
  expect(load.cpuPercent).toBeLessThanOrEqual(100);
  expect(load.usedRamBytes).toBeGreaterThan(1e6);
  expect(load.totalRamBytes).toBeGreaterThan(load.usedRamBytes);
  expect(load.freeDiskBytes).toBeGreaterThan(0);
  expect(load.freeBandwidthBytes).toBeGreaterThanOrEqual(0);
  expect(Math.abs(Date.now() - load.measuredAtMs)).toBeLessThan(60_000);
});

it("describes the machine, once", async () => {
  const device = await deviceInfo();
  expect(device.totalMemoryBytes).toBe(totalmem());
  expect(device.physicalCores).toBeGreaterThan(0);
  for (const text of [device.systemName, device.cpuModel, device.os, device.version]) expect(text).toMatch(/\S/);
  expect(deviceInfo()).toBe(deviceInfo());
});

import { COURSE } from "@lab/simnet";
import { expect, it } from "vitest";
import { courseChannels } from "../bench/channels/course-channels.js";
import { simulateV2 } from "../bench/channels/simulated-transfer.js";
import { stopAndWaitLimit, V2_EXCHANGE } from "../bench/channels/stop-and-wait-limit.js";

it("computes what stop-and-wait can reach on the course's channel", () => {
  const limits = courseChannels.map(({ impairments }) => Math.round(stopAndWaitLimit(impairments, V2_EXCHANGE)));
  expect(limits).toEqual([5_677, 4_345, 3_110, 5_677, 4_345, 3_110]);
});

it("computes no limit where waiting costs all the time, and latency alone where the line takes none", () => {
  expect(stopAndWaitLimit({ ...COURSE, drop: 0.3 }, V2_EXCHANGE)).toBe(0);
  expect(stopAndWaitLimit({ latencyMs: 50 }, { blockBytes: 1_000, dataBytes: 1_024, answerBytes: 24 })).toBe(10_000);
});

it("S42: nothing is sent twice where nothing is lost or late", () => {
  for (const { name, impairments } of courseChannels.filter((one) => one.name.endsWith("0 %"))) {
    for (const operation of ["get", "put"] as const) {
      const { timeouts, goodput } = simulateV2({ impairments, size: 256 * 1_024, seed: 1, operation });
      expect([name, operation, timeouts]).toEqual([name, operation, 0]);
      expect(goodput).toBeGreaterThan(0.98 * stopAndWaitLimit(impairments, V2_EXCHANGE));
    }
  }
});

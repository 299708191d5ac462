/** What the bench of faults judges by: what is lost, repeated, out of order, and how long nothing came. */
import { expect, it } from "vitest";
import { DeliveryRecord } from "../../bench/faults/delivery-record.js";
import { Latencies } from "../../bench/faults/stopped-reader/latencies.js";
import { messageCount, parseSchedule, phaseOf, scheduleArgs } from "../../bench/faults/stopped-reader/schedule.js";

function recordOf(indices: readonly number[]): DeliveryRecord {
  const record = new DeliveryRecord();
  for (const [at, index] of indices.entries()) record.heard(index, at);
  return record;
}

const CLEAN = { lost: 0, duplicated: 0, outOfOrder: 0 };

it.each([
  ["all in order", [0, 1, 2, 3], CLEAN],
  ["one lost", [0, 1, 3], { ...CLEAN, lost: 1 }],
  ["the last two lost", [0, 1], { ...CLEAN, lost: 2 }],
  ["one repeated at once", [0, 1, 1, 2, 3], { ...CLEAN, duplicated: 1 }],
  ["one repeated later, twice", [0, 1, 2, 0, 3, 0], { ...CLEAN, duplicated: 2 }],
  ["two exchanged", [0, 2, 1, 3], { ...CLEAN, outOfOrder: 1 }],
  ["one lost, one repeated, one late", [1, 1, 3, 2], { lost: 1, duplicated: 1, outOfOrder: 1 }],
  ["nothing", [], { ...CLEAN, lost: 4 }],
])("of 0 to 3 that were acknowledged: %s", (_, heard, verdict) => {
  expect(recordOf(heard).verdict([0, 1, 2, 3])).toEqual(verdict);
});

it("what was not acknowledged is not lost when it does not come, and not wrong when it does", () => {
  expect(recordOf([0, 2]).verdict([0, 2])).toEqual(CLEAN);
  expect(recordOf([0, 1, 2]).verdict([0, 2])).toEqual(CLEAN);
});

it("the longest silence is between two messages, before the first, or behind the last", () => {
  const record = new DeliveryRecord();
  for (const at of [100, 130, 400, 420]) record.heard(at, at);
  expect(record.longestSilence(90, 420)).toBe(270);
  expect(record.longestSilence(0, 120)).toBe(100);
  expect(record.longestSilence(395, 1_000)).toBe(580);
  expect(record.longestSilence(140, 200)).toBe(60);
  expect(new DeliveryRecord().longestSilence(0, 50)).toBe(50);
  expect(record.silenceAfter(131)).toBe(269);
  expect(record.silenceAfter(500)).toBe(Number.POSITIVE_INFINITY);
});

it("what is waited for is all of it, and given up in time", async () => {
  const record = recordOf([0, 1]);
  expect(await record.hasHeard([0, 1], 0)).toBe(true);
  const soon = record.hasHeard([0, 1, 2, 3], 60_000);
  record.heard(3, 5);
  record.heard(2, 6);
  expect(await soon).toBe(true);
  expect(await record.hasHeard([4], 1)).toBe(false);
});

it("the parts of a run are told apart by the index, and latencies and silences belong to theirs", () => {
  const schedule = { perSecond: 1_000, beforeMs: 3, stoppedMs: 2, afterMs: 1 };
  expect(parseSchedule(scheduleArgs(schedule))).toEqual(schedule);
  expect(messageCount(schedule)).toBe(6);
  const phases = Array.from({ length: 6 }, (_, index) => phaseOf(schedule, index));
  expect(phases).toEqual(["before", "before", "before", "stopped", "stopped", "after"]);
  const [one, other] = [new Latencies(), new Latencies()];
  for (const [index, at] of [0, 2, 3, 10, 11].entries()) one.heard(index, phaseOf(schedule, index), index, at);
  for (const [index, at] of [0, 1, 2].entries()) other.heard(index, "before", 9, at);
  const summary = Latencies.summary([one, other]);
  expect(summary.before).toEqual({ p50Ms: 9, p99Ms: 9, maxMs: 9, silenceMs: 2 });
  expect(summary.stopped).toEqual({ p50Ms: 4, p99Ms: 4, maxMs: 4, silenceMs: 7 });
  expect(summary.faults).toBe(0);
  one.heard(6, "after", 1, 12);
  expect(Latencies.summary([one, other]).faults).toBe(1);
});

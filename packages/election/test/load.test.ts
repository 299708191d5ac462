import { describe, expect, it } from "vitest";
import { HostTable, scoreOf } from "../src/core/host-table.js";
import { classicScore, type Load, linearScore } from "../src/core/index.js";
import { LoadAverage } from "../src/core/load.js";
import { loadOf } from "./cluster.js";
import { bodiesOf, Solo } from "./solo.js";

const load = (cpuPercent: number, ramPercent: number): Load => ({
  ...loadOf(cpuPercent),
  usedRamBytes: ramPercent * 1e6,
  totalRamBytes: 100e6,
});

describe("E25: scores", () => {
  it.each([
    [0, 0, 100],
    [100, 100, 0],
    [50, 25, 60],
    [10, 90, 58],
  ])("by default CPU %d and RAM %d are %d", (cpu, ram, score) => {
    expect(linearScore(load(cpu, ram))).toBeCloseTo(score);
  });

  it.each([
    [0, 10],
    [9.99, 10],
    [10, 9],
    [89.99, 2],
    [90, 1],
    [100, 1],
  ])("classic: the decile of %d is %d, for CPU and RAM alike", (percent, points) => {
    expect(classicScore(load(percent, percent))).toBeCloseTo(points);
    expect(classicScore(load(percent, 0))).toBeCloseTo(0.6 * points + 4);
  });

  it("B19: classic has no holes: it never rises with the load, from 0 to 100 in hundredths", () => {
    let last = Number.POSITIVE_INFINITY;
    for (let hundredths = 0; hundredths <= 10_000; hundredths++) {
      const score = classicScore(load(hundredths / 100, 50));
      expect(Number.isFinite(score)).toBe(true);
      expect(score).toBeLessThanOrEqual(last);
      last = score;
    }
  });

  it("a score that is no number counts as 0, and no RAM as an unused one", () => {
    expect(scoreOf(() => Number.NaN, load(0, 0))).toBe(0);
    expect(linearScore({ ...load(0, 0), totalRamBytes: 0 })).toBe(100);
  });

  it("no more RAM is used on average than there is now, though there was more before", () => {
    const loads = new LoadAverage();
    loads.add({ ...load(0, 0), usedRamBytes: 100, totalRamBytes: 100 });
    loads.add({ ...load(0, 0), usedRamBytes: 1, totalRamBytes: 10 });
    expect(loads.average).toMatchObject({ usedRamBytes: 10, totalRamBytes: 10 });
  });

  it("is of the average of the last four loads", () => {
    const loads = new LoadAverage();
    for (const cpu of [100, 10, 20, 30, 40]) loads.add(load(cpu, 50));
    expect(loads.average.cpuPercent).toBe(25);
  });
});

it("E25: ties go to the smaller id, whatever the order in which hosts came", () => {
  const options = { reportMs: 1_500, leaseMs: 6_000, forgetMs: 600_000, maxHosts: 9, score: linearScore };
  const orders = [
    ["c", "a", "b"],
    ["b", "c", "a"],
  ];
  for (const order of orders) {
    const table = new HostTable(options);
    for (const id of order) {
      const report = {
        type: "report",
        address: "one",
        hostName: id,
        ui: "",
        echo: undefined,
        load: load(10, 10),
      } as const;
      table.report(id, "00", report, 1, 0);
    }
    expect(table.rank(0).map(({ id }) => id)).toEqual(["a", "b", "c"]);
  }
});

it("E24: a silent host is forgotten after forgetMs", () => {
  const table = new HostTable({ reportMs: 1_500, leaseMs: 6_000, forgetMs: 600_000, maxHosts: 9, score: linearScore });
  table.report(
    "a",
    "00",
    { type: "report", address: "h", hostName: "a", ui: "", echo: undefined, load: load(1, 1) },
    1,
    0,
  );
  table.rank(599_999);
  expect(table.get("a")).toBeDefined();
  table.rank(600_000);
  expect(table.get("a")).toBeUndefined();
});

it("E26: a fallback that reports from another address is named there at once", () => {
  const solo = new Solo({ mode: "available", seeds: ["a"] });
  solo.advance(4_500);
  expect(solo.isLeader).toBe(true);
  const report = (address: string) =>
    ({ type: "report", address, hostName: "b", ui: "", echo: undefined, load: load(10, 10) }) as const;
  const named = (address: string) =>
    bodiesOf(solo.hear({ sender: "b", epoch: 1 }, report(address)), "ack").map(({ fallbacks }) => fallbacks);
  expect(named("b:1")).toEqual([[{ id: "b", address: "b:1" }]]);
  expect(named("b:2")).toEqual([[{ id: "b", address: "b:2" }]]);
});

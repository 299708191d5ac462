import { expect, it } from "vitest";
import { judge, measureRow, quantile, type Row, readable } from "../row.js";
import { markdownTable } from "../table.js";

const row: Row = {
  what: "test",
  unit: "x/s",
  bar: 0.9,
  direction: "at least",
  floor: { measure: () => 10 },
  ours: { measure: () => 9 },
};

it("takes quantiles between neighbours", () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
  expect(quantile([0, 10], 0.25)).toBe(2.5);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

it("judges the median of the ratios of each round", () => {
  const result = judge(row, [10, 100, 10], [9, 89, 20]);
  expect(result).toMatchObject({ ratio: 0.9, ours: 20, floor: 10, met: true, bar: ">= 0.9", rounds: 3 });
  expect(judge(row, [10], [8.9]).met).toBe(false);
});

it("judges a row by its own value, and in the other direction", () => {
  const atMost: Row = { ...row, direction: "at most", barOn: "value", bar: 8 };
  expect(judge(atMost, [1], [8])).toMatchObject({ met: true, bar: "<= 8.00 x/s" });
  expect(judge(atMost, [1], [9]).met).toBe(false);
});

it("judges a row by what it is above the floor", () => {
  const above: Row = { ...row, unit: "ms", direction: "at most", barOn: "difference", bar: 5 };
  expect(judge(above, [20, 30, 25], [24, 36, 30])).toMatchObject({ met: true, bar: "floor + 5.00, <= + 5.00 ms" });
  expect(judge(above, [20, 30], [26, 35.5]).met).toBe(false);
});

it("measures those of others in the same rounds, and says why one is not there", async () => {
  const calls: string[] = [];
  const side = (name: string, value: number) => ({
    measure: () => {
      calls.push(name);
      return value;
    },
    close: async () => void calls.push(`${name} closed`),
  });
  const peers = [
    { name: "other", contender: side("p", 5) },
    { name: "missing", contender: { absent: "not installed" } },
  ];
  const result = await measureRow({ ...row, floor: side("f", 10), ours: side("o", 9), peers }, false);
  expect(result.peers).toEqual([
    { name: "other", value: 5 },
    { name: "missing", absent: "not installed" },
  ]);
  expect(calls.slice(0, 6)).toEqual(["f", "o", "p", "o", "f", "p"]);
  expect(calls.slice(24)).toEqual(["f closed", "o closed", "p closed"]);
  expect(markdownTable([result])).toContain("other 5.00, missing - (not installed)");
});

it("refuses a peer that produces something else", async () => {
  const side = (text: string) => ({ measure: () => 1, output: () => text });
  const peers = [{ name: "other", contender: side("b") }];
  const wrong = measureRow({ ...row, floor: side("a"), ours: side("a"), peers }, true);
  await expect(wrong).rejects.toThrow("the floor produced a, but other produced b");
});

it("runs at least seven rounds after a warm-up, each side in turn, and closes both", async () => {
  const calls: string[] = [];
  const side = (name: string) => ({
    measure: () => calls.push(name),
    close: async () => void calls.push(`${name} closed`),
  });
  const result = await measureRow({ ...row, rounds: 3, floor: side("f"), ours: side("o") }, false);
  expect(result.rounds).toBe(7);
  expect(calls.slice(0, 6)).toEqual(["f", "o", "o", "f", "f", "o"]);
  expect(calls.slice(16)).toEqual(["f closed", "o closed"]);
});

it("refuses to time sides that produce different things, and still closes them", async () => {
  let closed = false;
  const floor = { ...row.floor, output: async () => "a" };
  const ours = {
    measure: () => 1,
    output: () => "b",
    close: () => {
      closed = true;
    },
  };
  await expect(measureRow({ ...row, floor, ours }, true)).rejects.toThrow("the floor produced a, but ours produced b");
  expect(closed).toBe(true);
});

it("writes numbers short", () => {
  expect([0.1234, 12.34, 1234, 2e6, 3.45e9].map(readable)).toEqual(["0.123", "12.3", "1.23 k", "2.00 M", "3.45 G"]);
});

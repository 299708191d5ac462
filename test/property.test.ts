/** That a property which does not hold is a test that fails, and that it is tried as often as it should be. */
import { describe, expect } from "vitest";
import { fc, it } from "./property.js";

describe("a property fails", { fails: true }, () => {
  it.prop([fc.nat()])("where its check throws", (number) => expect(number).toBe(-1));
  it.prop([fc.nat()])("where its check rejects", async (number) => expect(number).toBe(-1));
  it.prop([fc.nat()])("where its check answers false", () => false);
  it.prop([fc.nat(), fc.nat()])("where the first of two is the greater one", (one, other) => one <= other);
  it.prop([fc.nat()], { examples: [[77]], numRuns: 1 })("where an example is wrong", (number) => number !== 77);
});

describe("a property that holds", () => {
  const runs: number[] = [];

  it.prop([fc.nat()])("is tried with many values", (number) => void runs.push(number));

  it("as often as LAB_RUNS says", () => {
    expect(runs).toHaveLength(Number(process.env["LAB_RUNS"] ?? 100));
    expect(new Set(runs).size).toBeGreaterThan(runs.length / 2);
  });

  const seen: (readonly number[])[] = [[], []];
  for (const values of seen.values())
    it.prop([fc.nat()], { seed: 4 })(
      "is the same for the same seed",
      (number) => void (values as number[]).push(number),
    );

  it("value by value", () => expect(seen[0]).toEqual(seen[1]));
});

it("the seed stands in the title of its test", ({ task }) => {
  const titles = task.file.tasks.flatMap((suite) => ("tasks" in suite ? suite.tasks.map((test) => test.name) : []));
  expect(titles.filter((title) => /\(with seed=-?\d+\)$/.test(title))).toHaveLength(8);
  expect(titles).toContain("is the same for the same seed (with seed=4)");
});

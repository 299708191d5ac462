import { describe, expect, it } from "vitest";
import { judge, parseLines } from "./judge.js";

const MS = 1_000_000;

/** A process that says true every 5 ms from one time to another, in ms. */
function leads(id: string, token: string, from: number, to: number): string[] {
  const lines: string[] = [];
  for (let at = from; at <= to; at += 5) lines.push(`sample ${at * MS} ${id} ${token} true`);
  return lines;
}

function verdictOf(...lines: readonly (readonly string[])[]) {
  const { samples, writes } = parseLines(`${lines.flat().join("\n")}\n`);
  return judge(samples, writes);
}

describe("the judge of the overlap experiment", () => {
  it("sees no overlap where one leads after the other", () => {
    const verdict = verdictOf(leads("a", "1:a", 0, 100), [`sample ${103 * MS} a - false`], leads("b", "2:b", 104, 204));
    expect(verdict).toMatchObject({ samples: 43, trueSamples: 42, overlapMs: 0, overlappingSamples: 0, tokens: 2 });
  });

  it("measures the time in which two lead", () => {
    expect(verdictOf(leads("a", "1:a", 0, 100), leads("b", "2:b", 70, 200))).toMatchObject({
      overlapMs: 30,
      overlappingSamples: 14,
    });
  });

  it("measures it once where three lead, whatever the order of the files", () => {
    const verdict = verdictOf(leads("c", "3:c", 60, 90), leads("b", "2:b", 50, 200), leads("a", "1:a", 0, 100));
    expect(verdict.overlapMs).toBe(50);
  });

  it("counts a single true answer of a thawed process", () => {
    const verdict = verdictOf(
      leads("a", "1:a", 0, 100),
      leads("b", "2:b", 2_000, 2_100),
      leads("a", "1:a", 2_052, 2_052),
    );
    expect(verdict).toMatchObject({ overlapMs: 0, overlappingSamples: 1, thaws: 1, trueThaws: 1 });
  });

  it("does not count the time in which a process was frozen", () => {
    const verdict = verdictOf(
      leads("a", "1:a", 0, 100),
      leads("a", "1:a", 3_000, 3_000),
      leads("b", "2:b", 1_000, 2_000),
    );
    expect(verdict).toMatchObject({ overlapMs: 0, overlappingSamples: 0 });
  });

  it("counts accepted writes of old tokens by the order of the log", () => {
    const log = [
      "1:a accepted",
      "2:b accepted",
      "1:a refused",
      "1:a accepted",
      "2:b accepted",
      "2:c accepted",
      "10:a accepted",
    ];
    expect(verdictOf(log.map((line, index) => `write ${index} ${line}`))).toMatchObject({
      acceptedWrites: 6,
      refusedWrites: 1,
      oldAccepted: 2, // 1:a after 2:b; 2:c after 2:b, whose smaller id is the higher token
    });
  });

  it("refuses what is neither", () => {
    expect(() => parseLines("sample 1 a - maybe\n")).toThrow(/neither a sample nor a write/);
  });
});

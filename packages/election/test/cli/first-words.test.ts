import { expect, it } from "vitest";
import { firstWords } from "../../src/cli/first-words.js";

const node = { pid: 7, address: "h:1", seeds: [], members: [], view: { role: "leaderless" } } as const;

it("a node says whom it asks, and which process it is", () => {
  expect(firstWords({ ...node, seeds: ["h:1"] })).toEqual(["process 7, waits for others to join"]);
  const members = ["a", "b", "c"].map((id, index) => ({ id, address: `h:${index + 1}` }));
  expect(firstWords({ ...node, seeds: ["h:9", "h:2"], members })).toEqual([
    "process 7, looking for a leader at h:9, h:2, h:3",
  ]);
});

it("E19: a member says how long it is quiet after a restart", () => {
  expect(firstWords({ ...node, view: { role: "quarantine", quarantineMs: 6_600 } })[1]).toBe(
    "quiet for 6.6 s after a restart (quarantine)",
  );
});

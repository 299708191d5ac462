import { expect, it } from "vitest";
import { explained, simulate } from "./simulation.js";

/** `SIMNET_SEED=7` runs that one alone. */
const wanted = process.env["SIMNET_SEED"];
const runs = wanted === undefined ? Number(process.env["LAB_RUNS"] ?? 100) : 1;
const from = wanted === undefined ? Math.floor(Math.random() * 2 ** 30) : Number(wanted);

it("H43, H44: whatever fails around them, server and clients answer rightly or not at all, and all of them end", {
  timeout: 600_000, // a failure is shrunk
}, () => {
  const summary = simulate(from, runs, undefined, 1);
  expect(summary.failures.map((failure) => explained(failure)).join("\n")).toBe("");
  if (wanted !== undefined) return;
  // A run in which nothing happens proves nothing.
  expect(summary.shareWith(1)).toBeGreaterThan(0.5);
  expect(summary.outcome("get: success")).toBeGreaterThan(0);
  expect(summary.outcome("request: reply 0")).toBeGreaterThan(0);
});

/** Right runs that the oracles once called wrong. */
it.each([
  [9283, "of a 199 only the first byte arrives"],
  [16904, "of a 199 only the first byte arrives, on a line without losses"],
  [17364, "what was lost again and again is still on its way when the server has lingered for as long as it does"],
])("H43, H44: seed %i: %s", (seed) => {
  expect(
    simulate(seed, 1)
      .failures.map((failure) => explained(failure))
      .join("\n"),
  ).toBe("");
});

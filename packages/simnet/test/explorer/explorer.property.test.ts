import { fc, it } from "@fast-check/vitest";
import { expect, vi } from "vitest";
import { StateHash } from "../../src/core/explore-hash.js";
import { explore, replaySchedule } from "../../src/core/index.js";
import { randomWorlds } from "./random-machines.js";

// Far more than they need: a machine that others use as well may be ten times slower.
vi.setConfig({ testTimeout: 600_000 });

it.prop([randomWorlds, fc.integer({ min: 0, max: 2 })])(
  "N38: with and without hashing: the same end states and the same shortest failure",
  (scenario, maxFaults) => {
    const { checkEnd: _, ...unchecked } = scenario;
    const limits = { maxFaults, maxStates: 8_000 };
    const plain = explore(unchecked, { ...limits, hashing: false });
    fc.pre(plain.ended === "complete");
    const hashed = explore(unchecked, { ...limits, hashing: true });
    expect(hashed).toMatchObject({ ended: "complete", failures: [] });
    expect([...hashed.endStates.keys()].sort()).toEqual([...plain.endStates.keys()].sort());
    expect(hashed.states).toBeLessThanOrEqual(plain.states);

    const [failure, shortest] = [true, false].map((hashing) => explore(scenario, { ...limits, hashing }).failures[0]);
    expect([failure?.faults, failure?.steps.length]).toEqual([shortest?.faults, shortest?.steps.length]);
    if (failure === undefined) return;
    expect(replaySchedule(scenario, failure.choices)).toMatchObject({ failure: { message: "bad" }, ended: true });
  },
);

it.prop([randomWorlds])("N30: with more faults every end state of fewer faults is reached too", (scenario) => {
  const { checkEnd: _, ...unchecked } = scenario;
  const [none, one, two] = [0, 1, 2].map((maxFaults) => new Set(explore(unchecked, { maxFaults }).endStates.keys()));
  expect(none?.size).toBeGreaterThan(0);
  for (const state of none ?? []) expect(one).toContain(state);
  for (const state of one ?? []) expect(two).toContain(state);
});

const data = fc.anything({ withBigInt: true, withMap: true, withSet: true, withDate: false, withTypedArray: false });

it.prop([data, data])("N38: plain data has equal hashes only if it is equal", (a, b) => {
  const hashOf = (value: unknown): string => {
    const hash = new StateHash();
    hash.value(value, "here");
    return hash.digest().join();
  };
  expect(hashOf(structuredClone(a))).toBe(hashOf(a));
  fc.pre(fc.stringify(a) !== fc.stringify(b));
  expect(hashOf(a)).not.toBe(hashOf(b));
});

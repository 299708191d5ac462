import fc from "fast-check";
import { afterEach, expect, it, vi } from "vitest";
import { assertSimulation, faultSchedule, impairments, seed } from "../src/arbitraries/index.js";
import { type FaultSchedule, resolveImpairments, World } from "../src/core/index.js";
import { datagramProbe, payload } from "./probe.js";

const nodes = ["a", "b"];

afterEach(() => {
  vi.unstubAllEnvs();
});

function world(faults: FaultSchedule, worldSeed = 0): World {
  const made = new World({ seed: worldSeed, nodes: { a: datagramProbe().create, b: datagramProbe().create }, faults });
  for (let index = 0; index < 5; index++) made.command("a", { to: "b", bytes: payload(3) }, index * 10);
  return made;
}

it("N19, N27: what is made up is accepted, is plain data, and stays in its bounds", () => {
  const options = { nodes, durationMs: 100, maxFaults: 4, maxLastingMs: 30, mustRecover: true };
  fc.assert(
    fc.property(faultSchedule(options), impairments(), (faults, link) => {
      expect(faults.length).toBeLessThanOrEqual(4);
      expect(JSON.parse(JSON.stringify(faults))).toEqual(faults);
      resolveImpairments(link);
      world(faults).run();
      for (const fault of faults) {
        if ("atMs" in fault) expect(fault.atMs).toBeLessThan(100);
        if (fault.type === "cut") expect(fault.forMs).toBeLessThanOrEqual(30);
        if (fault.type === "crash") expect(fault.restartAfterMs).toBeLessThanOrEqual(30);
      }
    }),
  );
});

it("N27: what fails whatever goes wrong shrinks to nothing going wrong, and the seed stays", () => {
  const details = fc.check(
    fc.property(faultSchedule({ nodes }), impairments(), seed(), () => false),
    { seed: 1 },
  );
  expect(details.counterexample?.slice(0, 2)).toEqual([[], {}]);
  expect(details.counterexample?.[2]).toBeGreaterThan(0xffff);
});

it("N27: what fails for a lost packet shrinks to one fault that loses the first", () => {
  const details = fc.check(
    fc.property(faultSchedule({ nodes }), (faults) => {
      const made = world(faults);
      made.run();
      return made.counts.datagramsArrived >= 5;
    }),
    { seed: 1, numRuns: 1_000 },
  );
  expect(details.counterexample?.[0]).toEqual([{ type: "drop", from: "a", to: "b", index: 1 }]);
});

it("N28: a failure has the case, the seed, the trace and a command that runs exactly it again", () => {
  let runs = 0;
  const fail = (): Error => {
    try {
      assertSimulation({
        name: "five arrive",
        cases: faultSchedule({ nodes, kinds: ["delay", "drop"] }),
        world: (faults, worldSeed) => world(faults, worldSeed),
        check: (made) => {
          runs++;
          made.run();
          if (made.counts.datagramsArrived < 5) throw new Error("one is missing");
        },
        describe: () => "a word",
        numRuns: 1_000,
      });
    } catch (error) {
      return error as Error;
    }
    throw new Error("it did not fail");
  };
  const { message, cause } = fail();
  expect(cause).toMatchObject({ message: "one is missing" });
  expect(message).toMatch(
    /^five arrive: one is missing\n\nworld seed \d+, case \[\{"type":"drop","from":"a","to":"b","index":1\}\]\n/,
  );
  expect(message).toMatch(/ lost #1 \(drop\) +a:1 -> b:2 +3 B {2}a word\n/);
  const [, replay] = /\n {2}SIMNET_SEED=(\S+) npx vitest run -t "five arrive"\n/.exec(message) ?? [];
  expect(runs).toBeGreaterThan(2);
  runs = 0;
  vi.stubEnv("SIMNET_SEED", replay);
  expect(fail().message.replace(/SIMNET_SEED=\S+/, "")).toBe(message.replace(/SIMNET_SEED=\S+/, ""));
  expect(runs).toBe(2); // the case, and once more for its trace
});

it("N28: a SIMNET_SEED that cannot be read is an error", () => {
  vi.stubEnv("SIMNET_SEED", "seven");
  const property = { name: "x", cases: fc.constant([]), world, check: () => {} };
  expect(() => assertSimulation(property)).toThrow(TypeError);
});

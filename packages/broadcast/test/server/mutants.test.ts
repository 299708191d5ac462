import { describe, expect, it } from "vitest";
import { complaintOf } from "../../../../test/scenario.js";
import { allScenarios, MUTANTS, type Mutant, RULES } from "./mutants.js";

const scenarios = await allScenarios();

/** All of them; those first whose rule stands in the name of a test, for it ends with the first that it notices. */
function likeliestFirst(name: string): readonly Mutant[] {
  const isOf = ({ rule }: Mutant): boolean => new RegExp(`\\b${rule}\\b`).test(name);
  return [...MUTANTS.filter(isOf), ...MUTANTS.filter((mutant) => !isOf(mutant))];
}

describe("the tests of the server machine have teeth", () => {
  it("every one passes with the shipped code", () => {
    expect(scenarios.length).toBeGreaterThan(60);
    expect(scenarios.filter((scenario) => complaintOf(scenario) !== undefined)).toEqual([]);
  });

  it("every rule of the machine has a mutant", () => {
    const rules = new Set(MUTANTS.map(({ rule }) => rule));
    expect(RULES.filter((rule) => !rules.has(rule))).toEqual([]);
  });

  for (const mutant of MUTANTS) {
    it(`${mutant.killer} ... notices: ${mutant.bug}`, () => {
      const killers = scenarios.filter(({ name }) => name.startsWith(mutant.killer));
      expect(killers).toHaveLength(1);
      for (const killer of killers) expect(complaintOf(killer, mutant.mutation)).toBeDefined();
    });
  }

  it("every one fails for one of the mutants", () => {
    const named = scenarios.filter(({ name }) => !MUTANTS.some(({ killer }) => name.startsWith(killer)));
    const toothless = named.filter((one) =>
      likeliestFirst(one.name).every(({ mutation }) => complaintOf(one, mutation) === undefined),
    );
    expect(toothless.map(({ name }) => name).join("\n")).toBe("");
  });
});

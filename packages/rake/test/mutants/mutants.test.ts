import { describe, expect, it } from "vitest";
import { CHECKS, type Check } from "./checks.js";
import { MUTANTS } from "./mutants.js";

const RULES = ["R1", "R2", "R3", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R12", "R14", "R15", "R16"];

/** An exception is a complaint too: none of the code throws where it should not. */
function holds(check: Check): boolean {
  try {
    return check.holds();
  } catch {
    return false;
  }
}

describe("the tables of the parser's and the codecs' tests have teeth", () => {
  it("every check holds with the shipped code", () => {
    expect(CHECKS.length).toBeGreaterThan(150);
    expect(CHECKS.filter((check) => !holds(check)).map(({ name }) => name)).toEqual([]);
  });

  it("every rule has a mutant", () => {
    const rules = new Set(MUTANTS.map(({ rule }) => rule));
    expect(RULES.filter((rule) => !rules.has(rule))).toEqual([]);
  });

  for (const { rule, bug, mutation, killer } of MUTANTS) {
    it(`${rule}: "${killer}" notices: ${bug}`, () => {
      const killers = CHECKS.filter(({ name }) => name.startsWith(killer));
      expect(killers.length).toBeGreaterThan(0);
      const mend = mutation();
      try {
        expect(killers.filter((check) => !holds(check))).toEqual(killers);
      } finally {
        mend();
      }
      expect(killers.filter((check) => !holds(check))).toEqual([]);
    });
  }
});

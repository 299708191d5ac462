import { expect, it } from "vitest";
import { judge, mutants } from "./mutants.js";
import { checks } from "./rules.js";

for (const mutant of mutants) {
  it(`${mutant.rule}: a check kills the mutant '${mutant.what}'`, async () => {
    const { killedBy, how } = await judge(mutant);
    expect(killedBy, how).toBeDefined();
  });
}

it("every rule has a check and a mutant", () => {
  const rules = Array.from({ length: 10 }, (_, index) => `F${index + 1}`);
  expect([...new Set(checks.map(({ rule }) => rule))]).toEqual(rules);
  expect([...new Set(mutants.map(({ rule }) => rule))]).toEqual(rules);
});

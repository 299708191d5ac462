import { describe, expect, it } from "vitest";
import { failures, judge, SCENARIOS, SHIPPED } from "./mutants.js";

describe("the scenarios have teeth", () => {
  const verdicts = judge();

  it("the shipped client passes them all", () => expect(failures(SHIPPED)).toEqual([]));

  it.each(verdicts.map(({ mutant, killedBy }) => [mutant.rule, mutant.bug, killedBy] as const))(
    "%s: one that %s is noticed",
    (_rule, _bug, killedBy) => expect(killedBy).not.toEqual([]),
  );

  it("each scenario notices one at least", () => {
    const noticed = verdicts.flatMap(({ killedBy }) => killedBy);
    const idle = Object.keys(SCENARIOS).filter((name) => !noticed.some((one) => one.startsWith(name)));
    expect(idle).toEqual([]);
  });
});

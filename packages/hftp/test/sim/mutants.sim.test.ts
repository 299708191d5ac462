import { describe, expect, it } from "vitest";
import { judge } from "./mutants.js";

describe("the simulation has teeth", () => {
  it.each(judge(300).map(({ mutant, killedBy }) => [mutant.rule, mutant.bug, killedBy] as const))(
    "%s: %s is noticed",
    (_rule, _bug, killedBy) => expect(killedBy).toBeDefined(),
  );
});

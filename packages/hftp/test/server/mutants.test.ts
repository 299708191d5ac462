import { describe, expect, it } from "vitest";
import { DISPUTED } from "./cases.js";
import { judge, MUTANTS, shippedFailures } from "./mutants.js";

describe("the case table has teeth", () => {
  it("passes the shipped code, in memory and on disk", () => expect(shippedFailures()).toEqual([]));

  it("has a mutant for every disputed row", () => {
    const rows = new Set(MUTANTS.map((mutant) => mutant.row));
    expect(DISPUTED.map((one) => one.name).filter((name) => !rows.has(name))).toEqual([]);
  });

  for (const { mutant, killedBy } of judge()) {
    it(`kills: ${mutant.row}: ${mutant.bug}`, () => expect(killedBy).toContain(mutant.row));
  }
});

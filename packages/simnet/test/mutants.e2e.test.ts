import { describe, expect, it } from "vitest";
import { failures, judge, MUTANTS } from "./mutants.js";

describe("the scenarios have teeth", () => {
  it("hold of the shipped code", async () => expect(await failures()).toEqual([]));

  it.each(MUTANTS)("kill $bug", async (mutant) => expect((await judge(mutant)).killedBy).not.toEqual([]));

  it("hold again when all mutants are gone", async () => expect(await failures()).toEqual([]));
});

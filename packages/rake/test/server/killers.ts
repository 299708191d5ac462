/** The tests that are to notice a mutant of the server's machine, and what they say of it. */
import type { Mutant } from "./mutants.js";
import { type Scenario, scenariosOf } from "./scenario.js";

export function allScenarios(): Promise<readonly Scenario[]> {
  return scenariosOf(async () => {
    await import("./opening.test.js");
    await import("./bids.test.js");
    await import("./uploads.test.js");
    await import("./runs.test.js");
    await import("./ends.test.js");
    await import("./v1.test.js");
  });
}

/** What a test says, in its first line; undefined where it is passed. */
export function complaintOf({ run }: Scenario, mutant?: Mutant): string | undefined {
  const mend = mutant?.mutation();
  try {
    run();
    return undefined;
  } catch (error) {
    const said = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
    // Who goes on for ever runs out of time, as it were: that is none.
    return mutant !== undefined && /for ever/.test(said) ? undefined : said;
  } finally {
    mend?.();
  }
}

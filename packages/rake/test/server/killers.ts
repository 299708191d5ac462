/** The tests that are to notice a mutant of the server's machine. */
import { type Scenario, scenariosOf } from "../../../../test/scenario.js";

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

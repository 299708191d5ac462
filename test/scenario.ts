/** Tests of a machine that can also be run against a machine with a bug: by vitest, or by who collects them. */
import { test as byVitest } from "vitest";

export interface Scenario {
  readonly name: string;
  readonly run: () => void;
}

let collected: Scenario[] | undefined;

/** A test: told to vitest, unless tests are being collected. */
export function test(name: string, run: () => void): void {
  if (collected === undefined) byVitest(name, run);
  else collected.push({ name, run });
}

/** The tests of the files that are imported meanwhile. */
export async function scenariosOf(importFiles: () => Promise<unknown>): Promise<readonly Scenario[]> {
  const scenarios: Scenario[] = [];
  collected = scenarios;
  try {
    await importFiles();
  } finally {
    collected = undefined;
  }
  return scenarios;
}

/** What a test says, in its first line, of a machine with this bug; undefined where it is passed. Without one: of the shipped machine. */
export function complaintOf({ run }: Scenario, mutation?: () => () => void): string | undefined {
  const mend = mutation?.();
  try {
    run();
    return undefined;
  } catch (error) {
    const said = (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
    // Who goes on for ever runs out of time, as it were: that is none.
    return mutation !== undefined && /for ever/.test(said) ? undefined : said;
  } finally {
    mend?.();
  }
}

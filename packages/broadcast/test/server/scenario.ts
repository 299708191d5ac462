/** Tests of the server machine that can also be run against a machine with a bug: by vitest, or by who collects them. */
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

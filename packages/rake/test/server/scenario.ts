/** Tests of the server's machine that can be run against a machine with a bug too: vitest is told of them, or who collects them. */
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

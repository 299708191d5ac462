/**
 * Bugs, at least one for each rule of the server machine: each changes one thing of the shipped code, and the test that is named
 * must fail for it (test/server/mutants.test.ts).
 */

import { type Scenario, scenariosOf } from "../../../../test/scenario.js";
import { SHARED } from "./mutants-of-gateways.js";
import { LAG } from "./mutants-of-lag.js";
import { COMMITTED } from "./mutants-of-logs.js";
import { MEMBERS } from "./mutants-of-members.js";
import type { Mutation } from "./mutation.js";

export interface Mutant {
  readonly rule: string;
  readonly bug: string;
  readonly mutation: Mutation;
  /** How the name of the test begins that notices it. */
  readonly killer: string;
}

export const MUTANTS: readonly Mutant[] = [...MEMBERS, ...LAG, ...COMMITTED, ...SHARED];

/** Each of these rules has a mutant. */
export const RULES: readonly string[] = [
  ...Array.from({ length: 16 }, (_, i) => `B${i + 9}`),
  ...["B26", "B28", "B29", "B38", "B39", "B40"],
];

export function allScenarios(): Promise<readonly Scenario[]> {
  return scenariosOf(async () => {
    await import("./publish.test.js");
    await import("./lag.test.js");
    await import("./stability.test.js");
    await import("./sessions.test.js");
    await import("./leaving.test.js");
    await import("./durable.test.js");
    await import("./given-up-rooms.test.js");
    await import("./gateway.test.js");
    await import("./engine-reach.test.js");
  });
}

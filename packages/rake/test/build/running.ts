/** Builds that are run to their end, and looked at. */
import { expect } from "vitest";
import { kindOf, type Learned } from "../../src/core/index.js";
import type { FakeServerOptions } from "./fake-server.js";
import { FakeWorld, type WorldOptions } from "./fake-world.js";
import { fault } from "./invariants.js";
import { LIES, telling } from "./lies.js";
import { type ActionText, planOf } from "./plan-of.js";

/** It takes forty times as long as it did before. */
export const LATE = "work=400 out=a print=hi";
export const FAILS = "work=400 exit=1 print=hi";
export const SOON: Learned = { workMs: { [kindOf(LATE, [])]: 10, [kindOf(FAILS, [])]: 10 }, hosts: {} };
export const WAIT: readonly string[] = ["local:work=20"];

export function needs(command: string, ...requires: string[]): Exclude<ActionText, string> {
  return { command, requires };
}

/** A host that tells this lie from its `from`-th message on. */
export function lying(name: string, from = 0, times = 1): FakeServerOptions {
  return { twist: telling(LIES[name] as (typeof LIES)[string], from, times) };
}

/** Throws where something is wrong with it. */
export function run(sets: Parameters<typeof planOf>[0], hosts: number, options: WorldOptions = {}): FakeWorld {
  const plan = planOf(sets, hosts);
  const world = new FakeWorld(plan, options).run();
  expect(fault(world, plan, options.options?.maxAttempts)).toBeUndefined();
  return world;
}

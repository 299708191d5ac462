/** At most one candidate leads at any instant, whatever the network and the clocks do; and the rules that make it so. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { EtcdRules } from "../../src/core/etcd-rules.js";
import type { Now } from "../../src/core/index.js";
import { type EtcdPlan, type EtcdRunOptions, FAULTS_END_MS, runEtcdPlan } from "./etcd-world.js";

const fault = fc.record({
  kind: fc.constantFrom("cut", "loseKeepAlives", "pause", "sleep", "wallStep", "resign", "etcdDown"),
  node: fc.nat(4),
  atMs: fc.integer({ min: 0, max: FAULTS_END_MS - 1 }),
  forMs: fc.integer({ min: 1, max: 12_000 }),
});
const plans: fc.Arbitrary<EtcdPlan> = fc.record({
  seed: fc.nat(),
  nodes: fc.integer({ min: 2, max: 5 }),
  ttlSeconds: fc.integer({ min: 1, max: 10 }),
  delayMs: fc.constantFrom(5, 100, 900, 2_500),
  loss: fc.constantFrom(0, 0.05, 0.3),
  faults: fc.array(fault, { maxLength: 12 }) as fc.Arbitrary<EtcdPlan["faults"]>,
});

it("E71: at most one leads at any instant, tokens never fall, and in the calm all follow one", () => {
  let elections = 0;
  const property = fc.property(plans, (plan) => {
    const run = runEtcdPlan(plan);
    elections += run.elections;
    expect({ violation: run.violation, unrest: run.unrest }).toEqual({ violation: undefined, unrest: undefined });
  });
  fc.assert(property);
  expect(elections).toBeGreaterThan(0);
});

class FromTheAnswer extends EtcdRules {
  override countedFrom(_sent: Now, answered: Now): Now {
    return answered;
  }
}

class NoMargin extends EtcdRules {
  override usableMs(ttlMs: number): number {
    return ttlMs;
  }
}

class LateAnswers extends EtcdRules {
  override takesLateAnswers(): boolean {
    return true;
  }
}

class KeyById extends EtcdRules {
  override isOwn(found: { readonly id: string }, own: { readonly id: string }): boolean {
    return found.id === own.id;
  }
}

const mutants: readonly (readonly [name: string, options: EtcdRunOptions])[] = [
  ["the lease counts from the answer", { rules: new FromTheAnswer() }],
  ["no margin, with drift", { rules: new NoMargin() }],
  ["an answer to the campaign of a lost lease counts", { rules: new LateAnswers() }],
  ["a key that a lost lease left counts", { rules: new KeyById() }],
  ["a flag instead of what is computed", { trustsFlag: true }],
];

it.each(mutants)("E72: noticed where %s", (_name, options) => {
  const property = fc.property(plans, (plan) => runEtcdPlan(plan, options).violation === undefined);
  const found = fc.check(property, { numRuns: 3_000, seed: 1, endOnFailure: true });
  expect(found.failed).toBe(true);
});

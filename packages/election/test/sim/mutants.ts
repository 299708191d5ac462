/** The rules of the machine, each broken in one place: what the simulation must notice. */
import { Rules } from "../../src/core/rules.js";
import { type Now, type Stamp, stampOf } from "../../src/core/stamp.js";
import type { DriverMutation } from "./program-contract.js";

export interface Mutant {
  readonly name: string;
  /** Which plans it is run with. Default quorum. */
  readonly mode?: "available" | "quorum";
  readonly rules?: Rules;
  /** What is wrong with the driver, or the machine as a whole, instead of a rule. */
  readonly driver?: DriverMutation;
}

class LeaseFromReceipt extends Rules {
  override countedFrom(_stamp: Stamp, now: Now): Stamp {
    return stampOf(now);
  }
}

class PromiseOfOneLease extends Rules {
  override promiseMs({ leaseMs }: { leaseMs: number }): number {
    return leaseMs;
  }
}

class VotersIgnoreTheLease extends Rules {
  override isPromiseFree(): boolean {
    return true;
  }
}

class NoQuarantine extends Rules {
  override quarantineMs(): number {
    return 0;
  }
}

class TransferKeepsLeading extends Rules {
  override stopsBeforeOffer(): boolean {
    return false;
  }
}

class LeaderNeverStepsDown extends Rules {
  override countedMs(): number {
    return Number.POSITIVE_INFINITY;
  }
}

class NeitherPreVoteNorNewEpoch extends Rules {
  override asksForPreVotes(): boolean {
    return false;
  }

  override renewsItsEpoch(): boolean {
    return false;
  }
}

class AcksOfAnyEpoch extends Rules {
  override takesEpoch(): boolean {
    return true;
  }
}

export const mutants: readonly Mutant[] = [
  { name: "lease from receipt time", rules: new LeaseFromReceipt() },
  { name: "F = 1", rules: new PromiseOfOneLease() },
  { name: "voters ignore the lease", rules: new VotersIgnoreTheLease() },
  { name: "no quarantine", rules: new NoQuarantine() },
  { name: "transfer keeps leading", rules: new TransferKeepsLeading() },
  { name: "leader never steps down", rules: new LeaderNeverStepsDown() },
  { name: "no pre-vote and no re-assert", rules: new NeitherPreVoteNorNewEpoch() },
  { name: "resumes the old epoch after a failed hand-over", driver: { resumes: true } },
  { name: "epoch not stored before the vote leaves", driver: { storesLate: true } },
  { name: "Ack of a lower epoch accepted", rules: new AcksOfAnyEpoch() },
  { name: "restart without what was stored", mode: "available", driver: { forgets: true } },
];

/** Within so many seeds a mutant must be caught. */
export const SEEDS_PER_MUTANT = 1_500;

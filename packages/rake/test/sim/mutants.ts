/**
 * Bugs in one rule each, of a client or a server: what the simulation must notice (`mutants.sim.test.ts` and `pnpm --filter @lab/rake
 * mutants`).
 */
import { RemoteAttempt } from "../../src/core/remote-attempt.js";
import { Settlement } from "../../src/core/settlement.js";
import {
  ChecksNoDigest,
  CommitsBeforeDone,
  ForgetsToolchains,
  GoesOnBehindFailures,
  IgnoresExitCodes,
  KnowsNoSets,
  ReleasesNobody,
  ShowsTheFirstAlone,
  TriesForEver,
  VanishedIsSuccess,
  WaitsForEver,
} from "./mutants-of-clients.js";
import { FreesBeforeRemoval, IgnoresCredit, KeepsWhatALostClientBegan, ReservesForEver } from "./mutants-of-servers.js";
import type { Machines } from "./run-plan.js";

export interface Mutant {
  readonly bug: string;
  /** Which promise the simulation must find broken. */
  readonly oracles: readonly string[];
  readonly machines: Partial<Machines>;
  /** Breaks what has no machine of its own; answers how to mend it. */
  readonly breaks?: () => () => void;
}

export const MUTANTS: readonly Mutant[] = [
  { bug: "a vanished server counts as success", oracles: ["D", "A"], machines: { BuildMachine: VanishedIsSuccess } },
  { bug: "outputs are committed before DONE", oracles: ["D"], machines: { BuildMachine: CommitsBeforeDone } },
  { bug: "losers are not released", oracles: ["R20"], machines: { BuildMachine: ReleasesNobody } },
  { bug: "a reservation never ends by time", oracles: ["R19"], machines: { ServerMachine: ReservesForEver } },
  { bug: "digests of outputs are not checked", oracles: ["D"], machines: { BuildMachine: ChecksNoDigest } },
  { bug: "attempts have no bound", oracles: ["R32"], machines: { BuildMachine: TriesForEver } },
  { bug: "both attempts of a speculation commit", oracles: ["C"], machines: {}, breaks: bothCommit },
  { bug: "exit codes are ignored", oracles: ["A"], machines: { BuildMachine: IgnoresExitCodes } },
  { bug: "a set starts behind a failure", oracles: ["R3"], machines: { BuildMachine: GoesOnBehindFailures } },
  { bug: "sets start together", oracles: ["R3", "A", "result", "C"], machines: { BuildMachine: KnowsNoSets } },
  { bug: "a slot is free before its folder is gone", oracles: ["F"], machines: { ServerMachine: FreesBeforeRemoval } },
  { bug: "credit is ignored", oracles: ["R15"], machines: { ServerMachine: IgnoresCredit } },
  { bug: "the key of the cache has no toolchain", oracles: ["D"], machines: { BuildMachine: ForgetsToolchains } },
  { bug: "what was kept is not shown", oracles: ["R36", "R37"], machines: { BuildMachine: ShowsTheFirstAlone } },
  { bug: "a silent host is waited for", oracles: ["liveness"], machines: { BuildMachine: WaitsForEver } },
  {
    bug: "a lost client's runs and slots are kept",
    oracles: ["F"],
    machines: { ServerMachine: KeepsWhatALostClientBegan },
  },
];

/** The loser is not cancelled, and what it makes is taken as well. */
function bothCommit(): () => void {
  const { cancel } = RemoteAttempt.prototype;
  const { of } = Settlement.prototype;
  const spared = new Map<number, RemoteAttempt>();
  RemoteAttempt.prototype.cancel = function (this: RemoteAttempt): void {
    if (this.phase !== "running" && this.phase !== "returning" && this.phase !== "checking") return cancel.call(this);
    spared.set(this.number, this);
  };
  Settlement.prototype.of = function (this: Settlement, attempt: number) {
    return of.call(this, attempt) ?? spared.get(attempt);
  };
  return () => {
    RemoteAttempt.prototype.cancel = cancel;
    Settlement.prototype.of = of;
    spared.clear();
  };
}

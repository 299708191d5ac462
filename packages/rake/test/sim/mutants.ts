/**
 * Bugs in one rule each, of a client or a server: what the simulation must notice (`mutants.sim.test.ts` and `pnpm --filter @lab/rake
 * mutants`).
 */
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
import {
  type Breaks,
  bothCommit,
  ChecksNoPath,
  freesTwice,
  noteCancelled,
  readsAnyPath,
  TakesWhatWasCancelled,
} from "./mutants-of-rules.js";
import { FreesBeforeRemoval, IgnoresCredit, KeepsWhatALostClientBegan, ReservesForEver } from "./mutants-of-servers.js";
import type { Machines } from "./run-plan.js";

export interface Mutant {
  readonly bug: string;
  /** Which promise the simulation must find broken. */
  readonly oracles: readonly string[];
  readonly machines: Partial<Machines>;
  /** Breaks what has no machine of its own; answers how to mend it. */
  readonly breaks?: Breaks;
}

export const MUTANTS: readonly Mutant[] = [
  { bug: "a vanished server counts as success", oracles: ["D", "A"], machines: { BuildMachine: VanishedIsSuccess } },
  { bug: "outputs are committed before DONE", oracles: ["D"], machines: { BuildMachine: CommitsBeforeDone } },
  { bug: "losers are not released", oracles: ["R20"], machines: { BuildMachine: ReleasesNobody } },
  { bug: "a reservation never ends by time", oracles: ["R19"], machines: { ServerMachine: ReservesForEver } },
  { bug: "digests of outputs are not checked", oracles: ["D"], machines: { BuildMachine: ChecksNoDigest } },
  {
    bug: "an output's path is not checked",
    oracles: ["R35"],
    machines: { BuildMachine: ChecksNoPath },
    breaks: readsAnyPath,
  },
  {
    bug: "what a cancelled action has made is taken",
    oracles: ["A", "C", "D", "R38"],
    machines: { BuildMachine: TakesWhatWasCancelled },
    breaks: noteCancelled,
  },
  { bug: "a slot is freed twice", oracles: ["F"], machines: {}, breaks: freesTwice },
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

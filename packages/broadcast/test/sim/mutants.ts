/**
 * Bugs in one rule each, of a server, a gateway, a client or a driver, by subclass: what the simulation must notice
 * (`mutants.sim.test.ts` and `pnpm --filter @lab/broadcast mutants`).
 */

import type { Machines } from "./machines.js";
import {
  AcknowledgesTooEarly,
  AsksForNothing,
  DeliversAgain,
  KeepsQuietOfEpochs,
  RemembersWhoLeft,
  TakesBack,
} from "./mutants-of-clients.js";
import { SharedQueue, ThreadPerMessage, WorkerPool } from "./mutants-of-drivers.js";
import {
  AcknowledgesBeforeTheLog,
  IgnoresTakeover,
  KeepsTheEpoch,
  ResumesTheOldPosition,
  SkipsTrim,
} from "./mutants-of-gateways.js";
import {
  AcknowledgesBeforeCommit,
  CursorTooFar,
  EpochGoesOn,
  GapCalledResumed,
  KeepsBoth,
  KnowsNoneBefore,
  NoDeadlines,
  NoDedup,
  NoGrace,
  PubackOfAnother,
  SentIsAcknowledged,
  SilentGap,
  TableLostAtRestart,
} from "./mutants-of-servers.js";
import type { LogKind } from "./plan.js";

export interface Mutant {
  readonly bug: string;
  /** Which promise the simulation must find broken. */
  readonly oracles: readonly string[];
  /** What it must say: where the oracle alone says too little. */
  readonly says?: RegExp;
  readonly machines: Partial<Machines>;
  /** Only with this log is it a bug, or soon found. */
  readonly log?: LogKind;
  /** By the comparison of two runs. */
  readonly byIsolation?: boolean;
  /** Where it was caught once: only to catch it sooner. */
  readonly from?: number;
}

export const MUTANTS: readonly Mutant[] = [
  { bug: "a worker pool that fans out in parallel", oracles: ["A", "G"], machines: { Server: WorkerPool } },
  { bug: "a thread per message", oracles: ["C"], machines: { Server: ThreadPerMessage } },
  { bug: "no dedup", oracles: ["B"], machines: { ServerMachine: NoDedup } },
  {
    bug: "acknowledgement before commit",
    oracles: ["D"],
    machines: { ServerMachine: AcknowledgesBeforeCommit },
    log: "written",
  },
  {
    bug: "a store that says too early that it has it",
    oracles: ["D"],
    machines: { store: { saysTooEarly: true } },
    log: "fsync",
  },
  {
    bug: "lastClientSeq lost at a restart",
    oracles: ["B", "liveness"],
    machines: { ServerMachine: TableLostAtRestart },
    log: "written",
  },
  {
    bug: "an epoch that goes on, whatever was lost",
    oracles: ["D"],
    machines: { ServerMachine: EpochGoesOn },
    log: "durable memory",
  },
  { bug: "a resume that asks for nothing", oracles: ["A", "G"], machines: { ClientMachine: AsksForNothing } },
  { bug: "a shared queue that blocks", oracles: ["E"], machines: { Server: SharedQueue }, byIsolation: true },
  { bug: "a PUBACK with the number of another", oracles: ["D"], machines: { ServerMachine: PubackOfAnother } },
  { bug: "a gap of which nothing is said", oracles: ["G"], machines: { ServerMachine: SilentGap } },
  { bug: "a gap that is called resumed", oracles: ["G", "liveness"], machines: { ServerMachine: GapCalledResumed } },
  { bug: "what was sent counts as acknowledged", oracles: ["B21"], machines: { ServerMachine: SentIsAcknowledged } },
  { bug: "a cursor that is one too far after a lag", oracles: ["G"], machines: { ServerMachine: CursorTooFar } },
  { bug: "a server without deadlines", oracles: ["liveness"], machines: { ServerMachine: NoDeadlines } },
  {
    bug: "a client that acknowledges before the handler has returned",
    oracles: ["B21"],
    machines: { ClientMachine: AcknowledgesTooEarly },
  },
  { bug: "a leave before its grace", oracles: ["B22"], machines: { ServerMachine: NoGrace } },
  {
    bug: "a gateway that acknowledges before the log has it",
    oracles: ["D"],
    machines: { ServerMachine: AcknowledgesBeforeTheLog },
    log: "shared",
  },
  {
    bug: "a gateway that skips a trim in silence",
    oracles: ["G"],
    machines: { ServerMachine: SkipsTrim },
    log: "shared",
  },
  {
    bug: "a gateway that keeps a session which another has taken over",
    oracles: ["liveness"],
    says: /both have the session/,
    machines: { ServerMachine: IgnoresTakeover },
    log: "shared",
  },
  { bug: "a client that delivers again what it had", oracles: ["A"], machines: { ClientMachine: DeliversAgain } },
  {
    bug: "a gateway that passes another log off as the one it knew",
    oracles: ["A", "D"],
    machines: { ServerMachine: KeepsTheEpoch },
    log: "shared",
  },
  {
    bug: "a gateway that resumes the position of a lost epoch",
    oracles: ["G"],
    says: /goes on at/,
    machines: { ServerMachine: ResumesTheOldPosition },
    log: "shared",
  },
  {
    bug: "an engine that goes back in its epoch",
    oracles: ["A"],
    machines: { engine: { keepsEpoch: true } },
    log: "shared",
  },
  {
    bug: "a client that keeps quiet of a new epoch",
    oracles: ["A", "G", "liveness"],
    machines: { ClientMachine: KeepsQuietOfEpochs },
    log: "shared",
  },
  { bug: "a welcome that names no earlier members", oracles: ["B10"], machines: { ServerMachine: KnowsNoneBefore } },
  { bug: "a client for which nobody leaves", oracles: ["B10"], machines: { ClientMachine: RemembersWhoLeft } },
  { bug: "a takeover that leaves the old connection", oracles: ["B11"], machines: { ServerMachine: KeepsBoth } },
  { bug: "a client that takes its session back", oracles: ["B11"], machines: { ClientMachine: TakesBack } },
];

/** What the properties over schedules draw: transfers, and what goes wrong, so that it shrinks to little. */
import type { Fault, FaultType, World } from "@lab/simnet";
import { faultSchedule } from "@lab/simnet/fast-check";
import fc from "fast-check";
import type { Dialect } from "./dialects.js";
import { type Plan, SERVER, type TransferPlan } from "./plan.js";
import { PlannedWorld } from "./planned-world.js";
import { finishPlan } from "./transfer-world.js";

/** The two formats that a check tries; mutants hand in others. */
export interface Protocols {
  readonly v1: Dialect;
  readonly v2: Dialect;
}

/** A promise of the document, as a function that throws where it is broken. */
export interface Check {
  readonly title: string;
  run(protocols: Protocols): void;
}

export interface Case {
  readonly transfers: readonly TransferPlan[];
  readonly faults: readonly Fault[];
  readonly window: number;
  readonly diskMs: number;
  readonly isPowerCut: boolean;
}

/** Of a block in v2, which are small: many blocks in few bytes. */
export const BLOCK_BYTES = 16;

/** Around the ends of the blocks of both formats. */
export const SIZES = [0, 1, 15, 16, 17, 99, 100, 101, 200, 301] as const;

const DISK_TIMES = [0, 0, 3, 40] as const;

export interface CaseOptions {
  readonly kinds: readonly FaultType[];
  readonly maxFaults?: number;
  readonly maxTransfers?: number;
  readonly windows?: readonly number[];
  /** Whether the server may crash, and come back. Default false. */
  readonly crash?: boolean;
  /** A packet is late by this at most. Default 25,000. */
  readonly maxLateMs?: number;
}

export function cases(options: CaseOptions): fc.Arbitrary<Case> {
  const { kinds, maxFaults = 6, maxTransfers = 1, windows = [1, 1, 4], crash = false, maxLateMs = 25_000 } = options;
  const transfer = fc.record({
    operation: fc.constantFrom("get" as const, "put" as const),
    size: fc.oneof(fc.constantFrom(...SIZES), fc.nat(400)),
  });
  return fc.array(transfer, { minLength: 1, maxLength: maxTransfers }).chain((wanted) => {
    const transfers = wanted.map((one, index) => transferOf(index, one.operation, one.size));
    const nodes = [SERVER, ...transfers.map(({ node }) => node)];
    const links = transfers.flatMap(({ node }) => [[node, SERVER] as const, [SERVER, node] as const]);
    const common = { nodes, links, maxPacketIndex: 15, maxLastingMs: maxLateMs };
    const crashes = faultSchedule({ nodes: [SERVER], kinds: ["crash"], maxFaults: crash ? 1 : 0, mustRecover: true });
    return fc
      .tuple(faultSchedule({ ...common, kinds, maxFaults }), crashes, fc.constantFrom(...windows), fc.boolean())
      .chain(([faults, more, window, isPowerCut]) =>
        fc
          .constantFrom(...DISK_TIMES)
          .map((diskMs) => ({ transfers, faults: [...faults, ...more.map(keptDisk)], window, diskMs, isPowerCut })),
      );
  });
}

/** The disk is part of the plan: it is never lost. */
function keptDisk(fault: Fault): Fault {
  return fault.type === "crash" ? { ...fault, durable: "kept" } : fault;
}

/** Each has a node of its own, so that its packets are counted alone. */
export function transferOf(index: number, operation: "get" | "put", size: number): TransferPlan {
  return { operation, node: `client-${index}`, port: 40_000 + index, name: `file-${index}`, size, startAtMs: 0 };
}

export function caseOf(transfers: readonly TransferPlan[], faults: readonly Fault[] = [], window = 1): Case {
  return { transfers, faults, window, diskMs: 0, isPowerCut: false };
}

export function planOf(one: Case, seed: number, blockBytes: number = BLOCK_BYTES): Plan {
  return { ...one, seed, weather: "rough", impairments: { latencyMs: 10 }, blockBytes, isResumed: false };
}

/** A world of a case, and a way back from it to its run. */
export function worldsOf(dialect: Dialect): {
  readonly world: (one: Case, seed: number) => World;
  readonly run: (world: World) => PlannedWorld;
  readonly check: (world: World, one: Case) => void;
} {
  const runs = new WeakMap<World, PlannedWorld>();
  const run = (world: World): PlannedWorld => runs.get(world) as PlannedWorld;
  return {
    world(one, seed) {
      const made = new PlannedWorld(planOf(one, seed), dialect, true);
      runs.set(made.world, made);
      return made.world;
    },
    run,
    check(world, one) {
      const { violations } = finishPlan(run(world), planOf(one, 0), dialect);
      if (violations.length > 0) throw new Error(violations.join("; "));
    },
  };
}

/** What a simulated run does and what goes wrong in it: everything drawn from its seed, all of it data. */
import { type Fault, type Impairments, Random } from "@lab/simnet";

export const SERVER = "server";
export const CLIENT_NODES = ["ana", "ben"] as const;

export interface TransferPlan {
  readonly operation: "get" | "put";
  /** Of the client. */
  readonly node: string;
  /** The local port: another for every transfer. */
  readonly port: number;
  readonly name: string;
  readonly size: number;
  readonly startAtMs: number;
}

/**
 * `fair`: every packet that is sent often enough arrives, so all must end in success. `rough`: packets are lost, doubled,
 * overtaken and corrupted at any rate. `cut`: the same, and for a while nothing gets through in one direction or both.
 * `crash`: the same, and the server loses all but its disk.
 */
export type Weather = "fair" | "rough" | "cut" | "crash";

export interface Plan {
  readonly seed: number;
  readonly weather: Weather;
  readonly transfers: readonly TransferPlan[];
  readonly impairments: Impairments;
  readonly faults: readonly Fault[];
  /** Whether the crash is one of the machine, which loses what was not synced, or of the process alone. */
  readonly isPowerCut: boolean;
  /** Whether what did not end in success is gone on with afterwards, on a good channel, where the protocol can do that. */
  readonly isResumed: boolean;
  /** Milliseconds that a file effect takes, at most; 0 does it at once. */
  readonly diskMs: number;
  /** For v2: bytes of a block, and blocks under way at once. */
  readonly blockBytes: number;
  readonly window: number;
}

export interface PlanOptions {
  /** Whether packets may be corrupted on the way: v1 cannot notice that. */
  readonly corruption: boolean;
  /** No packet takes longer than this. */
  readonly maxDelayMs: number;
}

/** Around the ends of the blocks of 100 bytes of v1, which most of the block sizes of v2 here divide unevenly. */
const SIZES = [0, 1, 99, 100, 101, 200, 250, 399] as const;

export function drawPlan(seed: number, { corruption, maxDelayMs }: PlanOptions): Plan {
  const random = new Random(seed).fork("plan");
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const weather = pick(["fair", "rough", "rough", "rough", "cut", "crash"] as const);
  const count = pick([1, 1, 1, 2, 3]);
  const transfers = Array.from({ length: count }, (_, index): TransferPlan => {
    const size = random.chance(0.5) ? pick(SIZES) : random.integer(0, 2_000);
    return {
      operation: pick(["get", "put"] as const),
      node: pick(CLIENT_NODES),
      port: 40_000 + index,
      name: `file-${index}`,
      size,
      startAtMs: random.integer(0, index === 0 ? 0 : 3_000),
    };
  });
  const upTo = (most: number): number => (random.chance(0.7) ? random.unit() * most : 0);
  const latencyMs = pick([0, 1, 50, 200]);
  const doubled = { duplicate: upTo(0.4), duplicateMs: Math.min(upTo(20_000), maxDelayMs / 4) };
  if (weather === "fair") {
    // Losses are counted out, so that no packet of a transfer can fall out of its retransmissions.
    const faults = Array.from({ length: random.integer(0, 4) }, (): Fault => {
      const node = pick(CLIENT_NODES);
      const [from, to] = random.chance(0.5) ? [node, SERVER] : [SERVER, node];
      return { type: "drop", from, to, index: random.integer(1, 20) };
    });
    const impairments = { ...doubled, latencyMs, jitterMs: upTo(100), reorder: upTo(0.3), reorderMs: 400 };
    return { seed, weather, transfers, impairments, faults, ...drawSizes(random, pick) };
  }
  const impairments: Impairments = {
    ...doubled,
    latencyMs,
    jitterMs: upTo(500),
    drop: upTo(0.4),
    reorder: upTo(0.5),
    reorderMs: Math.min(pick([300, 1_000, 6_000, 20_000]), maxDelayMs / 2),
    corrupt: corruption ? upTo(0.3) : 0,
  };
  const faults: Fault[] = [];
  if (weather === "cut") {
    const node = pick(CLIENT_NODES);
    const [from, to] = random.chance(0.5) ? [node, SERVER] : [SERVER, node];
    const forMs = pick([2_000, 10_000, 60_000]);
    faults.push({ type: "cut", from, to, atMs: random.integer(0, 2_000), forMs, oneWay: random.chance(0.5) });
  }
  if (weather === "crash") {
    const restartAfterMs = pick([0, 1_000, 20_000]);
    faults.push({ type: "crash", node: SERVER, atMs: random.integer(0, 5_000), restartAfterMs, durable: "kept" });
  }
  return { seed, weather, transfers, impairments, faults, ...drawSizes(random, pick) };
}

function drawSizes(
  random: Random,
  pick: <Value>(values: readonly Value[]) => Value,
): Pick<Plan, "diskMs" | "blockBytes" | "window" | "isPowerCut" | "isResumed"> {
  return {
    isPowerCut: random.chance(0.5),
    isResumed: random.chance(0.5),
    diskMs: random.chance(0.7) ? 0 : random.integer(1, 50),
    blockBytes: pick([16, 76, 100, 500]),
    window: pick([1, 1, 1, 2, 8]),
  };
}

/** The content of a file of the plan: bytes that repeat nowhere, so that a block in the wrong place shows. */
export function contentOf(plan: Plan, transfer: TransferPlan): Uint8Array {
  return new Random(plan.seed).fork(transfer.name).bytes(transfer.size);
}

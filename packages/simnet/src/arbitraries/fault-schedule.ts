import fc from "fast-check";
import type { Fault, FaultSchedule, FaultType } from "../core/faults.js";
import { impairments, type WorstImpairments } from "./impairments.js";

export interface FaultScheduleOptions {
  readonly nodes: readonly string[];
  /** Ordered pairs that packet faults, cuts and resets may hit. Default: every pair of two different nodes. */
  readonly links?: readonly (readonly [from: string, to: string])[];
  /** Faults begin before this, in milliseconds of the world. Default 10,000. */
  readonly durationMs?: number;
  /** Default 5. */
  readonly maxFaults?: number;
  /** Which kinds are made up. Default: all but `suspend`, `wall` and `disk`, which matter to programs that look at them. */
  readonly kinds?: readonly FaultType[];
  /** Faults hit one of so many first packets of a link. Default 50. */
  readonly maxPacketIndex?: number;
  /** A packet is delayed, and a cut, a pause or a crash lasts, no longer than this. Default: a fifth of `durationMs`. */
  readonly maxLastingMs?: number;
  /** Every cut heals and every crashed node is started again, so that the world is whole at last. Default false. */
  readonly mustRecover?: boolean;
  /** What `link` faults make of a link at worst. */
  readonly worst?: WorstImpairments;
}

const allKinds: readonly FaultType[] = [
  "drop",
  "duplicate",
  "delay",
  "corrupt",
  "cut",
  "crash",
  "pause",
  "skew",
  "drift",
  "reset",
  "link",
];

/**
 * Schedules of at most `maxFaults` faults; they shrink to fewer, earlier and shorter ones, of kinds that stand earlier
 * in `kinds`, and at last to none.
 */
export function faultSchedule(options: FaultScheduleOptions): fc.Arbitrary<FaultSchedule> {
  const { kinds = allKinds, maxFaults = 5, nodes } = options;
  const links = options.links ?? nodes.flatMap((a) => nodes.filter((b) => b !== a).map((b) => [a, b] as const));
  const possible = kinds.filter((kind) => (isOfNode(kind) ? nodes.length > 0 : links.length > 0));
  if (possible.length === 0 || maxFaults === 0) return fc.constant([]);
  const faults = possible.map((kind) => faultOf(kind, { ...options, links }));
  return fc.array(fc.oneof({ withCrossShrink: true }, ...faults), { maxLength: maxFaults, size: "max" });
}

function isOfNode(kind: FaultType): boolean {
  return ["crash", "pause", "suspend", "skew", "drift", "wall", "disk"].includes(kind);
}

function faultOf(
  type: FaultType,
  options: FaultScheduleOptions & { links: readonly (readonly [from: string, to: string])[] },
): fc.Arbitrary<Fault> {
  const { nodes, links, durationMs = 10_000, maxPacketIndex = 50, mustRecover = false, worst = {} } = options;
  const lasting = fc.integer({ min: 1, max: Math.max(1, Math.floor(options.maxLastingMs ?? durationMs / 5)) });
  const atMs = fc.integer({ min: 0, max: Math.max(0, Math.floor(durationMs) - 1) });
  const index = fc.integer({ min: 1, max: maxPacketIndex });
  const link = links.length > 0 ? fc.constantFrom(...links) : fc.constant(["", ""] as const);
  const node = nodes.length > 0 ? fc.constantFrom(...nodes) : fc.constant("");
  const optionally = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
    mustRecover ? value : fc.option(value, { nil: undefined, freq: 4 });
  switch (type) {
    case "drop":
      return fc.tuple(link, index).map(([[from, to], at]) => ({ type, from, to, index: at }));
    case "duplicate":
      return fc
        .tuple(link, index, lasting)
        .map(([[from, to], at, afterMs]) => ({ type, from, to, index: at, afterMs }));
    case "delay":
      return fc.tuple(link, index, lasting).map(([[from, to], at, byMs]) => ({ type, from, to, index: at, byMs }));
    case "corrupt": {
      const where = fc.tuple(fc.nat(1_500), fc.integer({ min: 1, max: 255 }));
      return fc
        .tuple(link, index, where)
        .map(([[from, to], at, [byte, mask]]) => ({ type, from, to, index: at, byte, mask }));
    }
    case "cut":
      return fc.tuple(link, atMs, optionally(lasting), fc.boolean()).map(([[from, to], at, forMs, oneWay]) => ({
        type,
        from,
        to,
        atMs: at,
        ...given({ forMs }),
        ...(oneWay && { oneWay }),
      }));
    case "crash":
      return fc
        .tuple(node, atMs, optionally(lasting), fc.constantFrom("kept", "lost"), fc.constantFrom("down", "up"))
        .map(([name, at, restartAfterMs, durable, host]) => ({
          type,
          node: name,
          atMs: at,
          ...given({ restartAfterMs }),
          durable,
          host,
        }));
    case "pause":
    case "suspend":
      return fc.tuple(node, atMs, lasting).map(([name, at, forMs]) => ({ type, node: name, atMs: at, forMs }));
    case "disk":
      return fc
        .tuple(node, atMs, lasting)
        .map(([name, at, latencyMs]) => ({ type, node: name, atMs: at, disk: { latencyMs } }));
    case "skew":
    case "wall":
      return fc
        .tuple(node, atMs, lasting, fc.boolean())
        .map(([name, at, byMs, back]) => ({ type, node: name, atMs: at, byMs: back ? -byMs : byMs }));
    case "drift":
      return fc
        .tuple(node, atMs, fc.integer({ min: -10, max: 10 }))
        .map(([name, at, percent]) => ({ type, node: name, atMs: at, rate: (100 + percent) / 100 }));
    case "reset":
      return fc.tuple(link, atMs).map(([[from, to], at]) => ({ type, from, to, atMs: at }));
    case "link":
      return fc
        .tuple(link, atMs, impairments(worst))
        .map(([[from, to], at, what]) => ({ type, from, to, atMs: at, impairments: what }));
  }
}

/** Only what is defined, so that a printed schedule has no empty fields. */
function given<Value>(fields: Record<string, Value | undefined>): Record<string, Value> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Value] => entry[1] !== undefined));
}

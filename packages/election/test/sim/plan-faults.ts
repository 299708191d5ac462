/** Faults that are drawn without looking at who leads, by kind. */
import type { DiskOptions, Fault, Impairments, Random } from "@lab/simnet";
import type { Plan, PlannedNode } from "./plan.js";

export const blindKinds = [
  "isolate",
  "split",
  "one-way cut",
  "crash",
  "crash without disk",
  "pause",
  "sleep",
  "wall step",
  "reset",
  "delay spike",
  "slow disk",
  "failing disk",
] as const;

export type BlindKind = (typeof blindKinds)[number];

export interface DrawnFrom {
  readonly random: Random;
  readonly nodes: readonly PlannedNode[];
  readonly mode: Plan["mode"];
  readonly leaseMs: number;
  readonly reportMs: number;
  readonly calmAtMs: number;
  readonly impairments: Impairments;
}

export function drawBlind(kind: BlindKind, from: DrawnFrom): Fault[] {
  const { random, nodes, leaseMs, reportMs, calmAtMs, impairments } = from;
  const names = nodes.map(({ name }) => name);
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const node = pick(names);
  const others = names.filter((one) => one !== node);
  const to = pick(others);
  const atMs = random.integer(0, calmAtMs - 1);
  /** How long it lasts: until the calm at most. */
  const lasting = (longest: number): number => Math.min(random.integer(1, longest), calmAtMs - atMs);
  switch (kind) {
    case "isolate":
      return cuts([node], others, atMs, lasting(2 * leaseMs));
    case "split": {
      const side = names.filter(() => random.chance(0.5));
      return cuts(
        side,
        names.filter((one) => !side.includes(one)),
        atMs,
        lasting(3 * leaseMs),
      );
    }
    case "one-way cut":
      return [{ type: "cut", from: node, to, atMs, forMs: lasting(3 * leaseMs), oneWay: true }];
    case "crash": {
      const host = pick(["up", "down"] as const);
      const unsynced = pick(["lost", "written"] as const);
      return [{ type: "crash", node, atMs, restartAfterMs: lasting(leaseMs), host, unsynced }];
    }
    case "crash without disk": {
      const loser = pick(mayLose(nodes));
      if (loser === undefined) return [];
      return [
        {
          type: "crash",
          node: loser,
          atMs,
          restartAfterMs: lasting(leaseMs),
          durable: "lost",
          host: pick(["up", "down"]),
        },
      ];
    }
    case "pause":
      return [{ type: "pause", node, atMs, forMs: lasting(2 * leaseMs), first: pick(["messages", "timers"]) }];
    case "sleep":
      return [{ type: "suspend", node, atMs, forMs: lasting(2 * leaseMs) }];
    case "wall step":
      return [{ type: "wall", node, atMs, byMs: pick([3_600_000, -3_600_000, leaseMs, -leaseMs]) }];
    case "reset":
      return [{ type: "reset", from: node, to, atMs }];
    case "delay spike": {
      const slow = { latencyMs: random.integer(1, reportMs), jitterMs: 100 };
      return [
        { type: "link", from: node, to, atMs, impairments: slow },
        ...ended({ type: "link", from: node, to, atMs: atMs + lasting(leaseMs), impairments }, calmAtMs),
      ];
    }
    case "slow disk":
    case "failing disk": {
      const disk: DiskOptions = kind === "slow disk" ? { latencyMs: random.integer(1, leaseMs) } : { fails: true };
      const before = nodes.find(({ name }) => name === node)?.disk ?? {};
      return [
        { type: "disk", node, atMs, disk },
        ...ended({ type: "disk", node, atMs: atMs + lasting(leaseMs), disk: before }, calmAtMs),
      ];
    }
  }
}

/** What would end in the calm is ended by it. */
function ended(fault: Extract<Fault, { atMs: number }>, calmAtMs: number): Fault[] {
  return fault.atMs < calmAtMs ? [fault] : [];
}

/** Fewer than would be a majority with one that remembers: what they promised is known to others (E20). */
function mayLose(nodes: readonly PlannedNode[]): (string | undefined)[] {
  const members = nodes.filter(({ isMember }) => isMember).length;
  const voters = members === 0 ? nodes.length : members;
  return nodes.slice(0, Math.floor((voters - 1) / 2)).map(({ name }) => name);
}

export function cuts(
  side: readonly string[],
  others: readonly string[],
  atMs: number,
  forMs: number,
  oneWay = false,
): Fault[] {
  return side.flatMap((from) =>
    others.map((to): Fault => ({ type: "cut", from, to, atMs, forMs, ...(oneWay ? { oneWay } : {}) })),
  );
}

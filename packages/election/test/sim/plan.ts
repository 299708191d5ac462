/** A run, drawn from a seed: how many nodes, which options, what goes wrong and when. Plain data, printed and shrunk. */
import { type DiskOptions, drawSwarm, type Fault, type Impairments, Random } from "@lab/simnet";
import { type Aimed, aimedKinds } from "./aim.js";
import { CLOCK_ERROR } from "./node-options.js";
import { type BlindKind, blindKinds, drawBlind } from "./plan-faults.js";
import type { Mischief } from "./program-contract.js";

/** What is true of a whole run. */
const settings = [
  "loss",
  "mischief",
  "drift",
  "slow disks",
  "loads",
  "late starts",
  "join storm",
  "shared address",
] as const;

export type FaultKind = BlindKind | Aimed["kind"] | (typeof settings)[number];

export const faultKinds: readonly FaultKind[] = [...settings, ...blindKinds, ...aimedKinds];

export interface PlannedNode {
  readonly name: string;
  /** Its own name, or that of another node behind whose address it is. */
  readonly address: string;
  readonly isMember: boolean;
  readonly skewMs: number;
  readonly rate: number;
  readonly wallOffsetMs: number;
  readonly startAtMs: number;
  readonly disk: DiskOptions;
}

/** How much CPU nodes use, in percent. */
export interface PlannedLoads {
  /** All the same, or each its own. */
  readonly isEven: boolean;
  /** How much they differ from one report to the next. */
  readonly noise: number;
  /** After so many measurements, high becomes low; 0: never. */
  readonly flipsAfter: number;
}

export interface Plan {
  readonly seed: number;
  readonly mode: "available" | "quorum";
  /** What may go wrong in this run. */
  readonly kinds: readonly FaultKind[];
  readonly nodes: readonly PlannedNode[];
  readonly reportMs: number;
  readonly leaseMs: number;
  readonly tenureMs: number;
  readonly impairments: Impairments;
  readonly mischief: Mischief | undefined;
  readonly loads: PlannedLoads;
  readonly faults: readonly Fault[];
  readonly aimed: readonly Aimed[];
  /** From then on nothing goes wrong. */
  readonly calmAtMs: number;
  /** How long the calm is watched once all follow one leader. */
  readonly quietMs: number;
}

const EVEN: PlannedLoads = { isEven: true, noise: 2, flipsAfter: 0 };

export function drawPlan(seed: number, mode: "available" | "quorum"): Plan {
  const random = new Random(`plan ${mode} ${seed}`);
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const kinds = new Set<FaultKind>(drawSwarm(random, faultKinds));
  const reportMs = pick([375, 1_500]);
  const leaseMs = reportMs * pick([3, 4, 5, 6]);
  const calmAtMs = leaseMs * random.integer(8, 14);
  const nodes = drawNodes(random, mode, kinds, { reportMs, calmAtMs });
  const impairments: Impairments = {
    latencyMs: random.integer(0, 40),
    jitterMs: random.integer(0, 20),
    ...(kinds.has("loss") ? { drop: pick([0.01, 0.02, 0.05]) } : {}),
  };
  const at = (): number => random.integer(0, calmAtMs - 1);
  const faults: Fault[] = [];
  const blind = blindKinds.filter((kind) => kinds.has(kind));
  const draw = { random, nodes, leaseMs, reportMs, calmAtMs, impairments, mode };
  if (nodes.length > 1 && blind.length > 0) {
    for (let left = random.integer(1, 6); left > 0; left--) faults.push(...drawBlind(pick(blind), draw));
  }
  const aims = aimedKinds.filter((kind) => kinds.has(kind));
  const aimed = Array.from({ length: aims.length === 0 ? 0 : random.integer(1, 5) }, (): Aimed => {
    const atMs = at();
    return { kind: pick(aims), atMs, forMs: Math.min(random.integer(1, 2 * leaseMs), calmAtMs - atMs) };
  });
  return {
    seed,
    mode,
    kinds: [...kinds],
    nodes,
    reportMs,
    leaseMs,
    tenureMs: pick([0, leaseMs, 60_000]),
    impairments,
    mischief: kinds.has("mischief")
      ? { drop: 0.05, duplicate: 0.05, hold: 0.1, holdMs: 2 * leaseMs, replay: 0.05, garbage: 0.02 }
      : undefined,
    loads: kinds.has("loads")
      ? { isEven: random.chance(0.2), noise: pick([0, 2, 100]), flipsAfter: pick([0, 5, 20]) }
      : EVEN,
    ...withoutHiddenSleep(faults, aimed),
    calmAtMs,
    quietMs: reportMs * (random.chance(0.02) ? 200 : 10),
  };
}

/** A wall clock that is set back while the machine sleeps hides the sleep (E13): a plan has one or the other. */
function withoutHiddenSleep(faults: readonly Fault[], aimed: readonly Aimed[]): Pick<Plan, "faults" | "aimed"> {
  const sorted = [...aimed].sort((a, b) => a.atMs - b.atMs);
  const sleeps = faults.some(({ type }) => type === "suspend") || aimed.some(({ kind }) => kind === "suspend");
  if (!sleeps) return { faults, aimed: sorted };
  return {
    faults: faults.map((fault) => (fault.type === "wall" ? { ...fault, byMs: Math.abs(fault.byMs) } : fault)),
    aimed: sorted.map((one) => (one.kind === "set its wall clock back" ? { ...one, kind: "set its wall clock" } : one)),
  };
}

function drawNodes(
  random: Random,
  mode: Plan["mode"],
  kinds: ReadonlySet<FaultKind>,
  { reportMs, calmAtMs }: Pick<Plan, "reportMs" | "calmAtMs">,
): PlannedNode[] {
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const voters = mode === "quorum" ? pick([1, 2, 3, 3, 3, 4, 5, 5, 7]) : pick([1, 2, 3, 4, 5]);
  const isStorm = kinds.has("join storm");
  const isShared = kinds.has("shared address") && mode === "quorum";
  const some = mode === "quorum" && random.chance(0.3) ? random.integer(1, 2) : 0;
  const count = voters + Math.max(some, isStorm ? random.integer(3, 6) : 0, isShared ? 2 : 0);
  const stormAtMs = random.integer(0, calmAtMs - 1);
  return Array.from({ length: count }, (_, index): PlannedNode => {
    const name = "abcdefghijklm"[index] as string;
    const rate = kinds.has("drift")
      ? pick([1, 1 - CLOCK_ERROR, 1 + CLOCK_ERROR, 1 + CLOCK_ERROR * (2 * random.unit() - 1)])
      : 1;
    const isLate = kinds.has("late starts") && random.chance(0.3);
    const slowest = kinds.has("slow disks") ? pick([5, 50, 400]) : pick([0, 5]);
    return {
      name,
      address: isShared && index === count - 1 ? "a" : name,
      isMember: mode === "quorum" && index < voters,
      skewMs: random.integer(0, 100_000),
      rate,
      wallOffsetMs: pick([0, 0, 3_600_000, -3_600_000, random.integer(-1_000, 1_000)]),
      startAtMs: isStorm && index >= voters ? stormAtMs : random.integer(0, isLate ? calmAtMs : reportMs),
      disk: { jitterMs: slowest, ...(slowest > 5 ? { stall: 0.05, stallMs: 10 * slowest } : {}) },
    };
  });
}

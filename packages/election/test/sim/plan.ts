/** A run, drawn from a seed: how many nodes, which options, what goes wrong and when. Plain data, printed and shrunk. */
import { type Fault, type Impairments, Random } from "@lab/simnet";
import type { Mischief } from "./election-program.js";

/** What is aimed at whoever leads when it happens. */
export interface Aimed {
  readonly atMs: number;
  readonly kind:
    | "kill"
    | "kill with the first fallback"
    | "pause"
    | "suspend"
    | "isolate"
    /** Nothing that it sends arrives. */
    | "mute"
    /** The same, its clock being as slow and all others as fast as is allowed. */
    | "mute, with the worst of clocks"
    /** It is cut off, and all others crash and are back at once. */
    | "isolate, and restart the others"
    | "step its wall clock"
    | "resign";
  readonly forMs: number;
}

export interface PlannedNode {
  readonly name: string;
  readonly isMember: boolean;
  readonly skewMs: number;
  readonly rate: number;
  readonly wallOffsetMs: number;
  readonly startAtMs: number;
  readonly diskMs: number;
}

export interface Plan {
  readonly seed: number;
  readonly mode: "available" | "quorum";
  readonly nodes: readonly PlannedNode[];
  readonly reportMs: number;
  readonly leaseMs: number;
  readonly tenureMs: number;
  readonly impairments: Impairments;
  readonly mischief: Mischief | undefined;
  /** How much loads differ from one report to the next, in points of CPU. */
  readonly noise: number;
  readonly faults: readonly Fault[];
  readonly aimed: readonly Aimed[];
  readonly wallSteps: readonly { readonly node: string; readonly atMs: number; readonly byMs: number }[];
  /** From then on nothing goes wrong. */
  readonly calmAtMs: number;
}

/** The share by which clocks may be wrong: the default of the option `clockError`. */
export const CLOCK_ERROR = 0.047;

const aimedKinds: readonly Aimed["kind"][] = [
  "kill",
  "kill with the first fallback",
  "pause",
  "suspend",
  "isolate",
  "mute",
  "mute, with the worst of clocks",
  "isolate, and restart the others",
  "step its wall clock",
  "resign",
];

export function drawPlan(seed: number, mode: "available" | "quorum"): Plan {
  const random = new Random(`plan ${mode} ${seed}`);
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const reportMs = pick([375, 1_500]);
  const leaseMs = reportMs * pick([3, 4, 5, 6]);
  const calmAtMs = leaseMs * random.integer(8, 14);
  const voters = mode === "quorum" ? pick([1, 2, 3, 3, 3, 4, 5, 5]) : pick([1, 2, 3, 4, 5]);
  const count = voters + (mode === "quorum" && random.chance(0.3) ? random.integer(1, 2) : 0);
  const nodes = Array.from({ length: count }, (_, index): PlannedNode => {
    const rate = pick([1, 1, 1 - CLOCK_ERROR, 1 + CLOCK_ERROR, 1 + CLOCK_ERROR * (2 * random.unit() - 1)]);
    return {
      name: "abcdefg"[index] as string,
      isMember: mode === "quorum" && index < voters,
      skewMs: random.integer(0, 100_000),
      rate,
      wallOffsetMs: pick([0, 0, 3_600_000, -3_600_000, random.integer(-1_000, 1_000)]),
      startAtMs: random.chance(0.2) ? random.integer(0, calmAtMs) : random.integer(0, reportMs),
      diskMs: pick([0, 5, 50, 400]),
    };
  });
  const names = nodes.map(({ name }) => name);
  const at = (): number => random.integer(0, calmAtMs - 1);
  /** A time at which something begins, and how long it lasts: until the calm at most. */
  const span = (longest: number): { atMs: number; forMs: number } => {
    const atMs = at();
    return { atMs, forMs: Math.min(random.integer(1, longest), calmAtMs - atMs) };
  };
  const faults: Fault[] = [];
  const other = (name: string): string => pick(names.filter((one) => one !== name));
  const mayLose = new Set(names.slice(0, Math.floor((voters - 1) / 2)));
  const makers: readonly (() => void)[] = [
    () => {
      const node = pick(names);
      const { atMs, forMs } = span(2 * leaseMs);
      for (const to of names) if (to !== node) faults.push({ type: "cut", from: node, to, atMs, forMs });
    },
    () => {
      const side = new Set(names.filter(() => random.chance(0.5)));
      const { atMs, forMs } = span(3 * leaseMs);
      for (const from of side)
        for (const to of names) if (!side.has(to)) faults.push({ type: "cut", from, to, atMs, forMs });
    },
    () => {
      const from = pick(names);
      faults.push({ type: "cut", from, to: other(from), ...span(3 * leaseMs), oneWay: true });
    },
    () => {
      const node = pick(names);
      const { atMs, forMs } = span(leaseMs);
      const durable = mayLose.has(node) && random.chance(0.5) ? "lost" : "kept";
      faults.push({ type: "crash", node, atMs, restartAfterMs: forMs, durable, host: pick(["up", "down"]) });
    },
    () => faults.push({ type: "pause", node: pick(names), ...span(2 * leaseMs) }),
    () => {
      const from = pick(names);
      faults.push({ type: "reset", from, to: other(from), atMs: at() });
    },
    () => {
      const from = pick(names);
      const to = other(from);
      const { atMs, forMs } = span(leaseMs);
      faults.push({
        type: "link",
        from,
        to,
        atMs,
        impairments: { latencyMs: random.integer(1, reportMs), jitterMs: 100 },
      });
      faults.push({ type: "link", from, to, atMs: atMs + forMs, impairments });
    },
  ];
  const impairments: Impairments = {
    latencyMs: random.integer(0, 40),
    jitterMs: random.integer(0, 20),
    drop: pick([0, 0, 0.02]),
  };
  if (count > 1) for (let left = random.integer(0, 5); left > 0; left--) pick(makers)();
  const aimed = Array.from(
    { length: random.integer(0, 4) },
    (): Aimed => ({ kind: pick(aimedKinds), ...span(2 * leaseMs) }),
  );
  // A wall clock that is set back while the machine sleeps hides the sleep (E13): a plan has one or the other.
  const sleeps = aimed.some(({ kind }) => kind === "suspend");
  const byMs = pick([3_600_000, -3_600_000, leaseMs, -leaseMs]);
  const isMischievous = random.chance(0.3);
  return {
    seed,
    mode,
    nodes,
    reportMs,
    leaseMs,
    tenureMs: pick([0, leaseMs, 60_000]),
    impairments,
    mischief: isMischievous
      ? { drop: 0.05, duplicate: 0.05, hold: 0.1, holdMs: 2 * leaseMs, replay: 0.05, garbage: 0.02 }
      : undefined,
    noise: pick([0, 2, 100]),
    faults,
    aimed: aimed.sort((a, b) => a.atMs - b.atMs),
    wallSteps: random.chance(0.2) ? [{ node: pick(names), atMs: at(), byMs: sleeps ? Math.abs(byMs) : byMs }] : [],
    calmAtMs,
  };
}

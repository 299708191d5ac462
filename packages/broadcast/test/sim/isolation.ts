/**
 * E: what the others are told, and when, is the same with one that is slow, stopped or hostile as without it, while it is so and
 * when it comes back: two runs with the same seed, compared word by word and instant by instant.
 *
 * Connections are looked at together, and a PING may be up to an eighth of a heartbeat early for it (B24): so the PINGs of the others
 * come at other instants where there is one connection more. They take nothing from anybody, but they move what the simulator makes
 * of a link: behind such a PING each segment takes another delay from the dice, where there is jitter, and a buffer of few bytes is
 * past its mark for one way there and back. Hence two kinds of runs, each compared to the instant: small buffers and jitter, with
 * heartbeats that are longer than the run; and heartbeats of 600 ms, in which silence closes connections and PINGs are among all
 * else, with a fixed delay and buffers that no PING fills.
 *
 * Of two things at one instant no rule says which comes first, and the simulator goes by which was asked for first (N1): a deadline
 * of the server is asked for anew each time it hears of anybody. So nothing is to come at the very instant of a deadline: each act
 * has a part of a millisecond of its own, and no number of ways through the network makes up for one.
 */
import { type Fault, Random } from "@lab/simnet";
import type { OnSlow, ServerMachineOptions } from "../../src/core/index.js";
import { type Machines, SHIPPED } from "./machines.js";
import { type Act, type Choose, PLAIN_READER, type Plan, type PlannedClient } from "./plan.js";
import { runPlan } from "./run-plan.js";
import { Violation } from "./violation.js";

export interface IsolationPlan {
  readonly withSlow: Plan;
  readonly withoutSlow: Plan;
  /** In a word. */
  readonly how: string;
}

const SLOW = "slow";
const CALM_AT_MS = 2_000;
/** Of what is published first, then second, and so on. */
const ACT_PART_MS = 0.001;
/** Of a way: no multiple of it is a multiple of that. */
const WAY_PART_MS = Math.SQRT2 / 100;
/** The slow one has come back, and the others go on. */
const ENDS_AT_MS = 4_000;

const WAYS = [
  "stops reading",
  "stops handling",
  "is cut off",
  "hears nothing",
  "crashes",
  "is hostile",
  "has a small window",
] as const;

export function drawIsolation(seed: number): IsolationPlan {
  const random = new Random(`isolation ${seed}`);
  const pick: Choose = (values) => values[random.integer(0, values.length - 1)] as never;
  const how = pick(WAYS);
  const observer = random.chance(0.5) || how === "is hostile";
  const others = Array.from({ length: random.integer(1, 3) }, (_, index) =>
    client(`c${index + 1}`, random.integer(0, 40)),
  );
  const slow: PlannedClient = {
    ...client(SLOW, 60),
    observer,
    savesPosition: true, // else it comes back as another one, which joins
    window: how === "has a small window" ? pick([1, 3]) : 16_384,
    handleMs: how === "has a small window" ? pick([30, 300]) : 0,
  };
  const hasHeartbeats = random.chance(0.5);
  const acts = others
    .flatMap(({ node }) => publishes(random, node))
    .map((act, index) => ({ ...act, atMs: act.atMs + ACT_PART_MS * (index + 1) }));
  const base: Plan = {
    seed,
    log: pick(["memory", "written"] as const),
    kinds: [],
    server: server(pick, hasHeartbeats),
    servers: ["server"],
    clients: [...others, slow],
    impairments: { latencyMs: pick([1, 5]) + WAY_PART_MS, jitterMs: hasHeartbeats ? 0 : pick([0, 4]) },
    streams: hasHeartbeats
      ? { highWaterBytes: 1_000, timeoutMs: 10_000 }
      : { sendBufferBytes: 200, receiveBufferBytes: 3_000, highWaterBytes: pick([0, 300]), timeoutMs: 10_000 },
    disk: { latencyMs: 1 },
    effectMs: 0,
    engine: { maxDelayMs: 0, fails: 0 },
    acts,
    faults: [],
    calmAtMs: CALM_AT_MS,
  };
  const log =
    base.log === "memory" ? ({ log: "memory" } as const) : ({ log: "durable", durability: "written" } as const);
  const plan = { ...base, server: { ...base.server, ...log } };
  const bad = badTimes(how, random);
  const withSlow = { ...plan, acts: [...acts, ...bad.acts], faults: bad.faults };
  // An observer appends nothing: without it is without it. A member that is prompt has the same entries as one that is slow.
  const withoutSlow = observer
    ? { ...plan, clients: others }
    : { ...plan, clients: [...others, { ...slow, window: 16_384, handleMs: 0 }] };
  return { withSlow, withoutSlow, how: `${observer ? "an observer" : "a member"} that ${how}` };
}

/** What differs, if anything does. */
export function isolationViolation(
  { withSlow, withoutSlow, how }: IsolationPlan,
  machines: Machines = SHIPPED,
): Violation | undefined {
  const slow = told(withSlow, machines);
  if (slow.violation !== undefined) return slow.violation;
  const prompt = told(withoutSlow, machines);
  if (prompt.violation !== undefined) return prompt.violation;
  for (const [at, what] of slow.all.entries()) {
    if (prompt.all[at] === what) continue;
    return new Violation("E", `with ${how}: ${what}, and without: ${prompt.all[at]}`);
  }
  if (prompt.all.length === slow.all.length) return undefined;
  return new Violation(
    "E",
    `with ${how} the others are told ${slow.all.length} things, and without ${prompt.all.length}`,
  );
}

function told(plan: Plan, machines: Machines): { all: string[]; violation: Violation | undefined } {
  const all: string[] = [];
  const others = new Set(plan.clients.map(({ node }) => node).filter((node) => node !== SLOW));
  const { violation } = runPlan(plan, machines, {
    // With bounds as tight as these, who comes back may never have the rest of the log (B19): that is for other plans.
    endsAtMs: ENDS_AT_MS,
    observed: (node, atMs, what) => {
      // How far all have come is what the slow one is asked for (B21).
      if (others.has(node) && atMs < ENDS_AT_MS && !what.includes('"stable"')) all.push(`${node} at ${atMs}: ${what}`);
    },
  });
  return { all: all.sort(), violation };
}

function badTimes(how: (typeof WAYS)[number], random: Random): { acts: Act[]; faults: Fault[] } {
  const atMs = random.integer(100, 1_000);
  const forMs = CALM_AT_MS - atMs - 1;
  const cut = { type: "cut", from: "server", to: SLOW, atMs, forMs } as const;
  switch (how) {
    case "stops reading":
      return { acts: [{ type: "stop-reading", node: SLOW, atMs, forMs }], faults: [] };
    case "stops handling":
      return { acts: [{ type: "stop-handling", node: SLOW, atMs, forMs }], faults: [] };
    case "is cut off":
      return { acts: [], faults: [cut] };
    case "hears nothing":
      return { acts: [], faults: [{ ...cut, oneWay: true }] };
    case "crashes":
      return { acts: [], faults: [{ type: "crash", node: SLOW, atMs, restartAfterMs: 5_000, host: "down" }] };
    case "is hostile":
      return {
        acts: [0, 1, 2].map((way) => ({ type: "hostile", node: "server", atMs: atMs + way, how: way })),
        faults: [],
      };
    case "has a small window":
      return { acts: [], faults: [] };
  }
}

function publishes(random: Random, node: string): Act[] {
  return Array.from({ length: random.integer(4, 24) }, () => ({
    type: "publish",
    node,
    atMs: random.integer(100, ENDS_AT_MS - 200),
    count: random.integer(1, 6),
    bytes: random.chance(0.3) ? 400 : 0,
  }));
}

function server(pick: Choose, hasHeartbeats: boolean): ServerMachineOptions {
  const onSlow = pick<OnSlow>(["disconnect", "skip", "snapshot"]);
  // Those who are too slow at one instant share a snapshot: with these bounds nobody is but the slow one.
  const isShared = onSlow === "snapshot";
  return {
    heartbeatMs: hasHeartbeats ? 600 : 10_000,
    graceMs: 60_000,
    ackEvery: pick([1, 64]),
    onSlow,
    snapshots: true,
    maxLagMessages: isShared ? 100_000 : pick([10, 100_000]),
    maxLagBytes: isShared ? 100_000 : pick([1_000, 100_000]),
    maxLagMs: pick([100, 30_000]),
    historyMessages: pick([20, 100_000]),
  };
}

function client(node: string, startAtMs: number): PlannedClient {
  return {
    node,
    room: "main",
    startAtMs,
    observer: false,
    ...PLAIN_READER,
  };
}

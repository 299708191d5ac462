/** A calm cluster in which one thing happens: simple enough for the bounds of E52, E56, E57 and E61 to be exact. */
import { Random, type TraceEvent, World } from "@lab/simnet";
import { Rules } from "../../src/core/rules.js";
import { leaderOf } from "./aim.js";
import {
  type BoundsOf,
  boundsOf,
  failoverEarliest,
  failoverLatest,
  healingLatest,
  standsAgainLatest,
} from "./bounds.js";
import { type ElectionProgram, electionNode } from "./election-program.js";
import { CLOCK_ERROR, optionsOf } from "./node-options.js";
import { Oracles, Violation } from "./oracles.js";
import type { Plan } from "./plan.js";
import { loadsOf } from "./planned-loads.js";
import { disagreement, violationIn } from "./run-plan.js";

export const calmKinds = [
  "the leader is killed",
  "the leader and fallbacks lose power",
  "the leader is cut off",
  "the leader resigns, and who is asked is dead",
  "the leader resigns, and who is offered dies",
  "a wall clock is set",
  "two leaders are joined (available)",
] as const;

export type CalmKind = (typeof calmKinds)[number];

export interface CalmPlan extends Plan {
  readonly kind: CalmKind;
  /** How many fallbacks die with the leader. */
  readonly ahead: number;
  readonly atMs: number;
}

export interface RunOfCalmPlan {
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  /** How long it took, and what was allowed. */
  readonly tookMs: number | undefined;
  readonly earliestMs: number;
  readonly latestMs: number;
  readonly trace: readonly TraceEvent[];
}

export function drawCalmPlan(seed: number): CalmPlan {
  const random = new Random(`calm plan ${seed}`);
  const pick = <Value>(values: readonly Value[]): Value => values[random.integer(0, values.length - 1)] as Value;
  const kind = pick(calmKinds);
  const mode = kind === "two leaders are joined (available)" ? "available" : "quorum";
  const reportMs = pick([375, 1_500]);
  const leaseMs = reportMs * pick([3, 4, 5, 6]);
  const count = pick([3, 4, 5, 7]);
  const drifts = random.chance(0.5);
  const latencyMs = random.integer(0, 30);
  const atMs = 12 * leaseMs + random.integer(0, 3 * reportMs);
  return {
    seed,
    kind,
    mode,
    kinds: [],
    ahead: random.integer(0, Math.max(0, Math.min(2, Math.ceil(count / 2) - 2))),
    atMs,
    nodes: Array.from({ length: count }, (_, index) => ({
      name: "abcdefg"[index] as string,
      address: "abcdefg"[index] as string,
      isMember: mode === "quorum",
      skewMs: random.integer(0, 100_000),
      rate: drifts ? 1 + CLOCK_ERROR * pick([-1, 1, 2 * random.unit() - 1]) : 1,
      wallOffsetMs: 0,
      startAtMs: random.integer(0, reportMs),
      disk: { jitterMs: pick([0, 5, 20]) },
    })),
    reportMs,
    leaseMs,
    tenureMs: 60_000_000,
    impairments: { latencyMs, jitterMs: random.integer(0, 10) },
    mischief: undefined,
    loads: { isEven: true, noise: 2, flipsAfter: 0 },
    faults: [],
    aimed: [],
    calmAtMs: atMs + 1,
    quietMs: 0,
  };
}

export function runCalmPlan(plan: CalmPlan, rules: Rules = new Rules(), trace = false): RunOfCalmPlan {
  const run = new CalmRun(plan, rules, trace);
  let violation: Violation | undefined;
  try {
    run.run();
  } catch (error) {
    violation = violationIn(error);
  }
  const { tookMs, earliestMs, latestMs, world } = run;
  return { violation, virtualMs: world.now, tookMs, earliestMs, latestMs, trace: world.trace };
}

class CalmRun {
  readonly world: World;
  tookMs: number | undefined;
  earliestMs = 0;
  latestMs = 0;
  readonly #plan: CalmPlan;
  readonly #oracles: Oracles;
  readonly #bounds: BoundsOf;
  /** Who crashes as soon as it is told this. */
  #trap: "prepare" | "offer" | undefined;

  constructor(plan: CalmPlan, rules: Rules, trace: boolean) {
    this.#plan = plan;
    this.#bounds = boundsOf(plan);
    const { mode, reportMs, tenureMs, seed, impairments } = plan;
    this.#oracles = new Oracles({ mode, reportMs, tenureMs, isEven: true });
    const oracles = this.#oracles;
    this.world = new World({ seed, trace, impairments, onStep: (world) => oracles.check(world) });
    for (const node of plan.nodes) {
      const { name, skewMs, rate, startAtMs, disk } = node;
      const create = electionNode({
        options: optionsOf(plan, node),
        rules,
        driver: {},
        mischief: () => undefined,
        load: loadsOf(plan, name),
        watch: {
          started: (program) => oracles.started(program),
          commanded: (program, command) => oracles.commanded(program, command),
          garbage: () => {},
          performed: (program, now, output) => oracles.performed(program, now, output),
          arrived: (program, now, payload) => {
            if (oracles.arrived(program, now, payload) !== this.#trap) return;
            this.#trap = undefined;
            this.#crash(program.name, "down");
          },
        },
      });
      this.world.addNode(name, { create, skewMs, rate, startAtMs, disk });
    }
    if (plan.kind === "two leaders are joined (available)") this.#split();
  }

  run(): void {
    const { world } = this;
    const plan = this.#plan;
    world.run({ untilMs: plan.atMs });
    const before = leaderOf(world);
    if (before === undefined) throw new Violation("E54", `nobody leads in calm: ${disagreement(world)}`);
    const preVotes = this.#oracles.preVotes;
    const elections = this.#oracles.elections;
    const from = world.now;
    this.#act(before);
    const isOver = plan.kind.startsWith("two leaders")
      ? (): boolean => disagreement(world) === undefined
      : (): boolean => (leaderOf(world) ?? before) !== before || this.#oracles.elections > elections;
    if (plan.kind === "a wall clock is set") return this.#keeps(from);
    world.run({ untilMs: from + this.#bounds.roundTripMs });
    const ahead = this.#ahead();
    world.run({ untilMs: from + 20 * plan.leaseMs + 60_000, until: isOver });
    if (!isOver()) throw new Violation("E54", `${plan.kind}: nobody leads after ${world.now - from} ms`);
    this.tookMs = world.now - from;
    // A member asks every other one for its pre-vote: all rounds but the last were in vain.
    const rounds = (this.#oracles.preVotes - preVotes) / Math.max(1, plan.nodes.length - 1);
    this.#judge(ahead, Math.max(0, Math.ceil(rounds) - 1));
  }

  /** The least place of a fallback that lives, in the list that it was told last. */
  #ahead(): number {
    const { world } = this;
    const places = this.#plan.nodes.map(({ name }) => {
      const program = world.program<ElectionProgram>(name);
      const { role, fallbacks = [] } = program?.machine.view(program.nowAt(world.clockOf(name))) ?? {};
      const place = fallbacks.findIndex(({ id }) => id === name);
      return role === "follower" && place >= 0 ? place : Number.POSITIVE_INFINITY;
    });
    const least = Math.min(...places);
    if (least === Number.POSITIVE_INFINITY && this.#plan.mode === "quorum") throw new Error("no fallback is left");
    return least;
  }

  #judge(ahead: number, refused: number): void {
    const { kind } = this.#plan;
    const of = this.#bounds;
    const rule = kind.startsWith("the leader resigns") ? "E52" : kind.startsWith("two") ? "E56" : "E57";
    const voluntary = standsAgainLatest(of, refused) + of.voteMs / (1 - CLOCK_ERROR) + 2 * of.roundTripMs;
    this.earliestMs = rule === "E57" ? failoverEarliest(of) : 0;
    this.latestMs =
      rule === "E52" ? voluntary : rule === "E56" ? healingLatest(of) : failoverLatest(of, ahead, refused);
    const tookMs = this.tookMs ?? 0;
    if (tookMs >= this.earliestMs && tookMs <= this.latestMs) return;
    const allowed = `${Math.round(this.earliestMs)} to ${Math.round(this.latestMs)} ms, ${refused} refused`;
    throw new Violation(rule, `${kind}: ${Math.round(tookMs)} ms, allowed are ${allowed}`);
  }

  /** E61: a step costs at most a lease: whoever leads then leads on. */
  #keeps(from: number): void {
    const { world } = this;
    const ended = this.#oracles.unwantedEnds;
    this.latestMs = failoverLatest(this.#bounds, 0, 2);
    world.run({ untilMs: from + this.latestMs });
    if (this.#oracles.unwantedEnds - ended > 1) throw new Violation("E61", "a step of the wall clock cost two leads");
    const lack = disagreement(world);
    if (lack !== undefined) throw new Violation("E61", `after a step of the wall clock ${lack}`);
  }

  #act(leader: string): void {
    const { world } = this;
    const plan = this.#plan;
    switch (plan.kind) {
      case "the leader is killed":
        return this.#crash(leader, "up");
      case "the leader and fallbacks lose power": {
        const program = world.program<ElectionProgram>(leader);
        const { fallbacks = [] } = program?.machine.view(program.nowAt(world.clockOf(leader))) ?? {};
        for (const { id } of fallbacks.slice(0, plan.ahead)) this.#crash(id, "down");
        return this.#crash(leader, "down");
      }
      case "the leader is cut off":
        for (const { name } of plan.nodes) {
          if (name !== leader) world.addFault({ type: "cut", from: leader, to: name, atMs: world.now });
        }
        return;
      case "the leader resigns, and who is asked is dead":
      case "the leader resigns, and who is offered dies":
        this.#trap = plan.kind === "the leader resigns, and who is asked is dead" ? "prepare" : "offer";
        return world.command(leader, { type: "resign" });
      case "a wall clock is set":
        return world.addFault({
          type: "wall",
          node: plan.seed % 3 === 0 ? "a" : leader,
          atMs: world.now,
          byMs: [3_600_000, -3_600_000, plan.leaseMs, -plan.leaseMs][plan.seed % 4] ?? 0,
        });
      case "two leaders are joined (available)":
        return;
    }
  }

  #crash(node: string, host: "up" | "down"): void {
    this.world.addFault({ type: "crash", node, atMs: this.world.now, host });
  }

  /** Until the time of the plan there are two sides, each of which leads itself. */
  #split(): void {
    const names = this.#plan.nodes.map(({ name }) => name);
    const size = 1 + (this.#plan.seed % (names.length - 1));
    for (const from of names.slice(0, size)) {
      for (const to of names.slice(size)) {
        this.world.addFault({
          type: "cut",
          from,
          to,
          atMs: 3 * this.#plan.leaseMs,
          forMs: this.#plan.atMs - 3 * this.#plan.leaseMs,
        });
      }
    }
  }
}

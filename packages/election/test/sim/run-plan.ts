/** Runs a plan: faults, then calm, with the oracles at every step, and liveness within its bounds at the end. */
import { SimnetError, settle, type TraceEvent, type TrafficCounts, World } from "@lab/simnet";
import { Rules } from "../../src/core/rules.js";
import { aim, type Trap } from "./aim.js";
import { type Attempts, boundsOf, settlesLatest } from "./bounds.js";
import { type ElectionProgram, electionNode } from "./election-program.js";
import { CLOCK_ERROR, optionsOf } from "./node-options.js";
import { Oracles, Violation } from "./oracles.js";
import type { Plan } from "./plan.js";
import { loadsOf } from "./planned-loads.js";
import type { DriverMutation, Watch } from "./program-contract.js";

export interface RunOfPlan {
  /** What was broken first, if anything was. */
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  readonly elections: number;
  readonly handOvers: number;
  /** How long after the beginning of the calm all followed one leader, and how long it may take. */
  readonly settled: { readonly afterMs: number; readonly withinMs: number } | undefined;
  readonly counts: Readonly<TrafficCounts>;
  readonly trace: readonly TraceEvent[];
}

export interface RunPlanOptions {
  readonly rules?: Rules | undefined;
  readonly driver?: DriverMutation | undefined;
  readonly trace?: boolean;
  /** Is added to every wall clock. */
  readonly wallOffsetMs?: number;
}

export function runPlan(plan: Plan, options: RunPlanOptions = {}): RunOfPlan {
  const run = new PlannedRun(plan, options);
  let violation: Violation | undefined;
  try {
    run.run();
  } catch (error) {
    violation = violationIn(error);
  }
  const { world, oracles } = run;
  return {
    violation,
    virtualMs: world.now,
    elections: oracles.elections,
    handOvers: oracles.ends.get("handedOver") ?? 0,
    settled: run.settled,
    counts: world.counts,
    trace: world.trace,
  };
}

export function violationIn(error: unknown): Violation {
  const cause = error instanceof Error && error.cause instanceof Violation ? error.cause : error;
  if (cause instanceof Violation) return cause;
  if (error instanceof SimnetError && error.code === "NOT_SETTLED") return new Violation("E54", error.message);
  throw error;
}

/** The longest that a connection waits before it sends again: the default of simnet's `maxRetransmitMs`. */
const RETRANSMISSION_MS = 5_000;

/** Leases after which nobody is waited for any more, whatever was lost meanwhile. */
const SETTLES_AT_ALL = 20;
const said: ReadonlySet<string> = new Set(["elected", "stepDown", "leader"]);

class PlannedRun {
  readonly world: World;
  readonly oracles: Oracles;
  settled: RunOfPlan["settled"];
  readonly #plan: Plan;
  readonly #isEven: boolean;
  #trap: Trap | undefined;
  /** When somebody last said whom it follows, or that it leads. */
  #lastChangeMs = 0;

  constructor(plan: Plan, { rules = new Rules(), driver = {}, trace = false, wallOffsetMs = 0 }: RunPlanOptions) {
    this.#plan = plan;
    const { mode, reportMs, tenureMs, loads } = plan;
    this.#isEven = loads.isEven && loads.noise <= 2 && loads.flipsAfter === 0;
    this.oracles = new Oracles({ mode, reportMs, tenureMs, isEven: this.#isEven });
    this.world = new World({
      seed: plan.seed,
      trace,
      impairments: plan.impairments,
      calmAtMs: plan.calmAtMs,
      onStep: (world) => this.oracles.check(world),
    });
    const mischief = (): Plan["mischief"] => (this.world.now < plan.calmAtMs ? plan.mischief : undefined);
    for (const node of plan.nodes) {
      const { name, skewMs, rate, startAtMs, disk, wallOffsetMs: ahead } = node;
      const load = loadsOf(plan, name);
      const create = electionNode({
        options: optionsOf(plan, node),
        rules,
        driver,
        mischief,
        load,
        watch: this.#watch(),
      });
      this.world.addNode(name, { create, skewMs, rate, startAtMs, disk, wallOffsetMs: ahead + wallOffsetMs });
    }
    for (const fault of plan.faults) this.world.addFault(fault);
  }

  run(): void {
    const { world } = this;
    const plan = this.#plan;
    for (const one of plan.aimed) {
      world.run({ untilMs: one.atMs });
      this.#trap = aim(one, world, plan) ?? this.#trap;
    }
    // What was held back comes after all.
    world.run({ untilMs: plan.calmAtMs + (plan.mischief?.holdMs ?? 0) });
    const from = world.now;
    const attempts = this.#attempts();
    const missing = this.#missing();
    const firstMs = settle(world, { missing, withinMs: SETTLES_AT_ALL * plan.leaseMs });
    // A lease may still end of what happened before, and a segment that was lost is sent again after 5 s at most.
    world.run({ untilMs: world.now + plan.leaseMs + RETRANSMISSION_MS });
    settle(world, { missing, withinMs: SETTLES_AT_ALL * plan.leaseMs });
    const withinMs = settlesLatest(boundsOf(plan), plan.mode, plan.nodes.length, attempts());
    const afterMs = this.#isEven ? Math.max(firstMs, this.#lastChangeMs - from) : firstMs;
    this.settled = { afterMs, withinMs };
    if (afterMs > withinMs) throw new Violation("E54", `all follow one leader after ${afterMs} ms, not ${withinMs}`);
    this.#quiet();
    for (const name of world.nodeNames) world.command(name, { type: "stop" });
    world.run({ untilMs: world.now + plan.reportMs });
  }

  /** Counts the attempts from now on; of a campaign every other member is asked, and the last one was not in vain. */
  #attempts(): () => Attempts {
    const { oracles } = this;
    const { preVotes, voteReqs } = oracles;
    const others = Math.max(1, this.#plan.nodes.filter(({ isMember }) => isMember).length - 1);
    const inVain = (asked: number): number => Math.max(0, Math.ceil(asked / others) - 1);
    return () => ({ refused: inVain(oracles.preVotes - preVotes), lost: inVain(oracles.voteReqs - voteReqs) });
  }

  /** Nobody loses the lead in calm; where nothing changes there are no more messages than E44 says. */
  #quiet(): void {
    const { world, oracles } = this;
    const { quietMs, reportMs, nodes } = this.#plan;
    const unwanted = oracles.unwantedEnds;
    // Where loads differ the lead may just have been handed over: answers to what was asked meanwhile are under way.
    world.run({ untilMs: world.now + reportMs });
    const changes = oracles.changes;
    const before = new Map(oracles.messages);
    world.run({ untilMs: world.now + quietMs });
    if (oracles.unwantedEnds > unwanted) throw new Violation("E54", "a leader lost its lead in calm");
    if (oracles.changes !== changes) return;
    const leader = world.nodeNames.find((name) => this.#leads(name));
    // The answer to what came before the beginning may be among them.
    const rounds = Math.floor((quietMs * (1 + CLOCK_ERROR)) / reportMs) + 1.5;
    for (const [name, count] of oracles.messages) {
      const most = 2 * rounds * (name === leader ? nodes.length - 1 : 1);
      const came = count - (before.get(name) ?? 0);
      if (came > most)
        throw new Violation("E44", `${name} has ${came} messages in ${quietMs} ms, and may have ${most}`);
    }
  }

  #leads(name: string): boolean {
    const program = this.world.program<ElectionProgram>(name);
    return program !== undefined && program.token(program.nowAt(this.world.clockOf(name))) !== undefined;
  }

  /** What the nodes say where they do not all follow one leader; asked again when somebody says something else. */
  #missing(): (world: World) => string | undefined {
    let changes = -1;
    let lack: string | undefined;
    return (world) => {
      if (changes === this.oracles.changes) return lack;
      changes = this.oracles.changes;
      lack = disagreement(world);
      return lack;
    };
  }

  #watch(): Watch {
    const { oracles } = this;
    return {
      started: (node) => oracles.started(node),
      commanded: (node, command) => oracles.commanded(node, command),
      garbage: (...seen) => oracles.garbage(...seen),
      performed: (node, now, output) => {
        oracles.performed(node, now, output);
        if (said.has(output.type)) this.#lastChangeMs = this.world.now;
        if (output.type === "store") this.#spring("store", node.name);
      },
      arrived: (node, now, payload) => {
        const type = oracles.arrived(node, now, payload);
        if (type === "prepare" || type === "offer") this.#spring(type, node.name);
      },
    };
  }

  #spring(on: Trap["on"], node: string): void {
    const { world } = this;
    const { calmAtMs, seed } = this.#plan;
    if (this.#trap?.on !== on || world.now >= calmAtMs) return;
    const { forMs } = this.#trap;
    this.#trap = undefined;
    // A store that is lost, or one that is there though nobody was told: what leaves only behind it must not have left.
    const unsynced = seed % 2 === 0 ? "lost" : "written";
    world.addFault({ type: "crash", node, atMs: world.now, restartAfterMs: forMs, host: "up", unsynced });
  }
}

export function disagreement(world: World): string | undefined {
  const seen = world.nodeNames.map((name) => {
    const program = world.program<ElectionProgram>(name);
    if (program === undefined) return { name, follows: undefined };
    const { leader, epoch, role } = program.machine.view(program.nowAt(world.clockOf(name)));
    return { name, role, epoch, follows: leader === undefined ? undefined : `${leader.id} in ${leader.epoch}` };
  });
  const followed = new Set(seen.map(({ follows }) => follows));
  const [leader] = followed;
  return followed.size === 1 && leader !== undefined ? undefined : `not all follow one: ${JSON.stringify(seen)}`;
}

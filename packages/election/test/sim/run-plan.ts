/** Runs a plan: faults, then calm, with the oracles at every step and liveness at the end. */
import { Random, type TraceEvent, World } from "@lab/simnet";
import { Rules } from "../../src/core/rules.js";
import { type ElectionProgram, electionNode } from "./election-program.js";
import { Oracles, Violation } from "./oracles.js";
import { type Aimed, CLOCK_ERROR, type Plan, type PlannedNode } from "./plan.js";

/** 2023-11-14: any day. */
const WALL_START = 1_700_000_000_000;
/** A clock that nearly stands: what a machine that sleeps has. */
const ASLEEP = 1e-9;

export interface RunOfPlan {
  /** What was broken first, if anything was. */
  readonly violation: Violation | undefined;
  readonly virtualMs: number;
  readonly elections: number;
  readonly handOvers: number;
  readonly trace: readonly TraceEvent[];
}

export interface RunPlanOptions {
  readonly rules?: Rules;
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
    const cause = error instanceof Error && error.cause instanceof Violation ? error.cause : error;
    if (!(cause instanceof Violation)) throw error;
    violation = cause;
  }
  const { world, oracles } = run;
  const handOvers = oracles.ends.get("handedOver") ?? 0;
  return { violation, virtualMs: world.now, elections: oracles.elections, handOvers, trace: world.trace };
}

class PlannedRun {
  readonly world: World;
  readonly oracles: Oracles;
  readonly #plan: Plan;

  constructor(plan: Plan, { rules = new Rules(), trace = false, wallOffsetMs = 0 }: RunPlanOptions) {
    this.#plan = plan;
    this.oracles = new Oracles(plan.mode, plan.reportMs);
    this.world = new World({
      seed: plan.seed,
      trace,
      impairments: plan.impairments,
      onStep: (world) => this.oracles.check(world),
    });
    const members = plan.nodes.filter(({ isMember }) => isMember).map(({ name }) => ({ id: name, address: name }));
    for (const node of plan.nodes) {
      const { name, skewMs, rate, startAtMs } = node;
      const wall = (): number => WALL_START + wallOffsetMs + this.#wallOf(node);
      const create = electionNode({
        options: {
          mode: plan.mode,
          id: name,
          address: name,
          members: plan.mode === "quorum" ? members : [],
          seeds: plan.nodes.slice(0, 2).map((one) => one.name),
          reportMs: plan.reportMs,
          leaseMs: plan.leaseMs,
          pulseMs: 2 * plan.reportMs,
          stepMs: plan.reportMs,
          voteMs: Math.max(500, plan.reportMs * 0.66),
          probeMs: 4 * plan.reportMs,
          handOverMs: 2 * plan.reportMs,
          tenureMs: plan.tenureMs,
        },
        rules,
        wall,
        diskMs: node.diskMs,
        mischief: () => (this.world.now < plan.calmAtMs ? plan.mischief : undefined),
        load: this.#loadOf(node),
        watch: this.oracles,
      });
      this.world.addNode(name, { create, skewMs, rate, startAtMs });
    }
    for (const fault of plan.faults) this.world.addFault(fault);
    // Calm is a network that loses nothing: with a lease of three reports, two losses in a row end one.
    const { latencyMs = 0, jitterMs = 0 } = plan.impairments;
    for (const from of this.world.nodeNames) {
      for (const to of this.world.nodeNames) {
        if (from === to) continue;
        this.world.addFault({ type: "link", from, to, atMs: plan.calmAtMs, impairments: { latencyMs, jitterMs } });
      }
    }
  }

  run(): void {
    const { aimed, calmAtMs, reportMs } = this.#plan;
    for (const one of aimed) {
      this.world.run({ untilMs: one.atMs });
      this.#aim(one);
    }
    const calm = Math.max(calmAtMs, this.world.now);
    // Long enough for a quarantine, a promise that a lost candidate holds, everybody's turn, and a few lost campaigns.
    const patience = 40 * reportMs + 20_000;
    this.world.run({ untilMs: calm + patience });
    // A hand-over may just be under way: where loads differ there are some in calm, too.
    for (let left = 20; left > 0 && this.#disagreement() !== undefined; left--) {
      this.world.run({ untilMs: this.world.now + reportMs });
    }
    const disagreement = this.#disagreement();
    if (disagreement !== undefined) throw new Violation("E54", `in calm not all follow one leader: ${disagreement}`);
    const unwanted = this.oracles.unwantedEnds;
    this.world.run({ untilMs: this.world.now + 10 * reportMs });
    if (this.oracles.unwantedEnds > unwanted) throw new Violation("E54", "a leader lost its lead in calm");
  }

  /** What the nodes say where they do not all follow one leader. */
  #disagreement(): string | undefined {
    const seen = this.world.nodeNames.map((name) => {
      const program = this.world.program<ElectionProgram>(name);
      if (program === undefined) return `${name} is down`;
      const now = program.nowAt(this.world.clockOf(name));
      const { leader, epoch, role } = program.machine.view(now);
      return { name, role, epoch, follows: leader === undefined ? undefined : `${leader.id} in ${leader.epoch}` };
    });
    const followed = new Set(seen.map((one) => (typeof one === "string" ? undefined : one.follows)));
    const [leader] = followed;
    return followed.size === 1 && leader !== undefined ? undefined : JSON.stringify(seen);
  }

  #wallOf({ name, wallOffsetMs }: PlannedNode): number {
    const steps = this.#plan.wallSteps.filter((step) => step.node === name && step.atMs <= this.world.now);
    return this.world.now + wallOffsetMs + this.#steps(name) + steps.reduce((sum, { byMs }) => sum + byMs, 0);
  }

  get #sleeps(): boolean {
    return this.#plan.aimed.some(({ kind }) => kind === "suspend");
  }

  readonly #aimedSteps = new Map<string, number>();

  #steps(name: string): number {
    return this.#aimedSteps.get(name) ?? 0;
  }

  #loadOf({ name }: PlannedNode): () => {
    cpuPercent: number;
    usedRamBytes: number;
    totalRamBytes: number;
    freeBandwidthBytes: number;
    freeDiskBytes: number;
    measuredAtMs: number;
  } {
    const random = new Random(`load ${this.#plan.seed} ${name}`);
    const base = random.integer(10, 80);
    return () => ({
      cpuPercent: Math.min(100, Math.max(0, Math.round(base + this.#plan.noise * (2 * random.unit() - 1)))),
      usedRamBytes: 4e9,
      totalRamBytes: 8e9,
      freeBandwidthBytes: 1e6,
      freeDiskBytes: 1e11,
      measuredAtMs: 0,
    });
  }

  #aim({ kind, forMs }: Aimed): void {
    const { world } = this;
    const atMs = world.now;
    const leader = world.nodeNames.find((name) => {
      const program = world.program<ElectionProgram>(name);
      return program?.machine.isLeader(program.nowAt(world.clockOf(name))) === true;
    });
    if (leader === undefined) return;
    const others = world.nodeNames.filter((name) => name !== leader);
    const rate = this.#plan.nodes.find(({ name }) => name === leader)?.rate ?? 1;
    const crash = (node: string, restartAfterMs: number): void =>
      world.addFault({ type: "crash", node, atMs, restartAfterMs, host: "up" });
    switch (kind) {
      case "kill":
        return crash(leader, forMs);
      case "kill with the first fallback": {
        const program = world.program<ElectionProgram>(leader);
        const first = program?.machine.view(program.nowAt(world.clockOf(leader))).fallbacks[0];
        crash(leader, forMs);
        if (first !== undefined) crash(first.address, forMs);
        return;
      }
      case "pause":
        return world.addFault({ type: "pause", node: leader, atMs, forMs });
      case "suspend":
        world.addFault({ type: "pause", node: leader, atMs, forMs });
        world.addFault({ type: "drift", node: leader, atMs, rate: ASLEEP });
        return world.addFault({ type: "drift", node: leader, atMs: atMs + forMs, rate });
      case "isolate":
        for (const to of others) world.addFault({ type: "cut", from: leader, to, atMs, forMs });
        return;
      case "mute, with the worst of clocks":
        world.addFault({ type: "drift", node: leader, atMs, rate: 1 - CLOCK_ERROR });
        for (const node of others) world.addFault({ type: "drift", node, atMs, rate: 1 + CLOCK_ERROR });
        return this.#aim({ kind: "mute", forMs, atMs });
      case "mute":
        for (const to of others) world.addFault({ type: "cut", from: leader, to, atMs, forMs, oneWay: true });
        return;
      case "isolate, and restart the others":
        for (const to of others) world.addFault({ type: "cut", from: leader, to, atMs, forMs });
        for (const node of others) crash(node, 10);
        return;
      case "step its wall clock":
        this.#aimedSteps.set(
          leader,
          this.#steps(leader) + this.#plan.leaseMs * (forMs % 2 === 0 || this.#sleeps ? 1 : -1),
        );
        return;
      case "resign":
        return world.command(leader, { type: "resign" });
    }
  }
}

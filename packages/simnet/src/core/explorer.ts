/** The exhaustive explorer: every schedule of a small world with at most so many faults (docs/simnet.md, N30 to N39). */

import { isFault } from "./explore-choice.js";
import { failureOf, replaySchedule } from "./explore-replay.js";
import type { ExplorationReport, FailingSchedule } from "./explore-report.js";
import { checkScenario, type ExploreOptions, resolveExploreOptions, type Scenario } from "./explore-scenario.js";
import { ProgramThrew, SmallWorld } from "./explore-small-world.js";
import { IntegerList, StateTable } from "./explore-states.js";

/**
 * Runs every schedule of the scenario with at most `maxFaults` faults, or until a limit. Schedules with fewer faults come
 * first, and among them shorter ones, so that what fails first is the shortest failing schedule.
 *
 * Programs cannot be copied: to come back to a state, its schedule runs again from the start. So programs must do the same
 * again when they are told the same again (docs/machine.md), and hold no state that outlives a world.
 *
 * @throws RangeError that names a wrong option or a wrong part of the scenario
 * @throws TypeError with `hashing: true` if a program has no fingerprint, and if durable state or the token of a `later`
 * is neither plain data nor has a method `fingerprint(): string`
 * @throws SimnetError `PROGRAM_MISUSE` if a program asks for a stream
 */
export function explore(scenario: Scenario, options: ExploreOptions = {}): ExplorationReport {
  checkScenario(scenario);
  return new Exploration(scenario, resolveExploreOptions(options)).run();
}

/** What may happen next in states that are known, first in, first out. */
class Edges {
  readonly #states = new IntegerList();
  readonly #choices = new IntegerList();
  #taken = 0;

  /** @param isNext whether it is what happens without a fault */
  add(state: number, code: number, isNext: boolean): void {
    this.#states.push(state);
    this.#choices.push(2 * code + (isNext ? 1 : 0));
  }

  get isEmpty(): boolean {
    return this.#taken === this.#states.length;
  }

  /** The state of the first edge. */
  get state(): number {
    return this.#states.get(this.#taken);
  }

  take(): Edge {
    const state = this.state;
    const choice = this.#choices.get(this.#taken++);
    return { state, code: choice >> 1, isNext: (choice & 1) === 1 };
  }
}

interface Edge {
  readonly state: number;
  readonly code: number;
  readonly isNext: boolean;
}

/** In place of the state before the first one. */
const none = -1;

/** Worlds that are kept where they are, to be led on without running their schedule again. */
const maxKeptWorlds = 4_000;

class Exploration {
  readonly #scenario: Scenario;
  readonly #options: ReturnType<typeof resolveExploreOptions>;
  readonly #hashing: boolean;
  readonly #table = new StateTable();
  /** For each state: the state before it, the choice that led from there, the steps from the start. */
  readonly #parents = new IntegerList();
  readonly #choices = new IntegerList();
  readonly #depths = new IntegerList();
  /** For each state: where it leads without a fault; -1 if there is nothing, or if something is owed there. */
  readonly #successors = new IntegerList();
  /** By its state: a world whose step without a fault is still to be taken. */
  readonly #kept = new Map<number, SmallWorld>();
  readonly #failures = new Map<string, FailingSchedule>();
  readonly #endStates = new Map<string, number>();
  readonly #statesByFaults: number[] = [];
  #schedules = 0;
  #merged = 0;
  #maxDepth = 0;
  #inputs = 0;

  constructor(scenario: Scenario, options: ReturnType<typeof resolveExploreOptions>) {
    this.#scenario = scenario;
    this.#options = options;
    const { canHash } = new SmallWorld(scenario);
    if (options.hashing === true && !canHash) throw new TypeError("hashing needs a fingerprint of every program");
    this.#hashing = options.hashing ?? canHash;
  }

  run(): ExplorationReport {
    const { maxFaults } = this.#options;
    let edges = new Edges();
    edges.add(none, 0, false);
    let isCut = false;
    for (let faults = 0; faults <= maxFaults && !isCut && !this.#isFailed; faults++) {
      const first = this.#parents.length;
      const withOneMore = new Edges();
      isCut = this.#level(faults, edges, withOneMore);
      if (!isCut && !this.#isFailed) this.#findLoop(first);
      this.#statesByFaults.push(this.#parents.length - first);
      edges = withOneMore;
    }
    return {
      maxFaults,
      ended: this.#isFailed ? "failed" : isCut ? "cut" : "complete",
      hashing: this.#hashing,
      schedules: this.#schedules,
      states: this.#parents.length,
      statesByFaults: this.#statesByFaults,
      merged: this.#merged,
      maxDepth: this.#maxDepth,
      inputs: this.#inputs,
      endStates: this.#endStates,
      failures: [...this.#failures.values()],
    };
  }

  get #isFailed(): boolean {
    return this.#failures.size >= this.#options.maxFailures;
  }

  /**
   * Breadth first through all states that are reached with `faults` faults; what one more fault leads to is left to
   * `withOneMore`. Returns whether it was cut.
   */
  #level(faults: number, seeds: Edges, withOneMore: Edges): boolean {
    const free = new Edges();
    while (!(seeds.isEmpty && free.isEmpty) && !this.#isFailed) {
      // Both lists are in the order of steps, so that their merger is.
      const isSeed = free.isEmpty || (!seeds.isEmpty && this.#depth(seeds.state) <= this.#depth(free.state));
      if (this.#parents.length >= this.#options.maxStates) return true;
      this.#visit((isSeed ? seeds : free).take(), faults, free, withOneMore);
    }
    return false;
  }

  #visit(edge: Edge, faults: number, free: Edges, withOneMore: Edges): void {
    const world = this.#reach(edge, faults);
    if (world === undefined) return;
    const state = this.#parents.length;
    if (this.#hashing) {
      const known = this.#table.findOrAdd(...world.hash(), state);
      if (edge.isNext && !world.isOwed) this.#successors.set(edge.state, known === -1 ? state : known);
      if (known !== -1) {
        this.#merged++;
        return this.#endSchedule(faults);
      }
    }
    const depth = this.#depth(edge.state) + 1;
    this.#parents.push(edge.state);
    this.#choices.push(edge.code);
    this.#depths.push(depth);
    this.#successors.push(none);
    this.#maxDepth = Math.max(this.#maxDepth, depth);

    const failure = failureOf(this.#scenario, world);
    if (failure !== undefined) {
      this.#endSchedule(faults);
      return this.#fail(failure.kind, failure.message, this.#path(state));
    }
    const next = world.next();
    if (next === undefined) this.#end(world, faults);
    else if (depth >= this.#options.maxSteps) {
      this.#endSchedule(faults);
      return this.#fail("stuck", `not at its end after ${depth} steps`, this.#path(state));
    } else {
      free.add(state, next, true);
      if (this.#kept.size < maxKeptWorlds) this.#kept.set(state, world);
    }
    for (const code of world.alternatives(next, faults < this.#options.maxFaults)) {
      (isFault(code) ? withOneMore : free).add(state, code, false);
    }
  }

  /** A world at the end of the edge; undefined if a program throws there. */
  #reach({ state, code, isNext }: Edge, faults: number): SmallWorld | undefined {
    const kept = isNext ? this.#kept.get(state) : undefined;
    this.#kept.delete(isNext ? state : none);
    const world = kept ?? new SmallWorld(this.#scenario);
    const before = kept?.inputs ?? 0;
    try {
      if (state !== none) {
        for (const earlier of kept === undefined ? this.#path(state) : []) world.take(earlier);
        world.take(code);
      }
      return world;
    } catch (error) {
      if (!(error instanceof ProgramThrew)) throw error;
      this.#endSchedule(faults);
      this.#fail("threw", error.message, [...this.#path(state), code]);
      return undefined;
    } finally {
      this.#inputs += world.inputs - before;
    }
  }

  #end(world: SmallWorld, faults: number): void {
    const { endState } = this.#scenario;
    const name = endState === undefined ? (world.canHash ? hexadecimal(world.hash()) : "end") : endState(world);
    this.#endStates.set(name, (this.#endStates.get(name) ?? 0) + 1);
    this.#endSchedule(faults);
  }

  #endSchedule(faults: number): void {
    this.#schedules++;
    if (this.#schedules % 10_000 === 0) {
      this.#options.onProgress({ faults, states: this.#parents.length, schedules: this.#schedules });
    }
  }

  /** The first schedule with a message is the shortest one; later ones are not kept. */
  #fail(kind: FailingSchedule["kind"], message: string, choices: readonly number[]): void {
    if (this.#failures.has(message)) return;
    const { steps, trace, faults } = replaySchedule(this.#scenario, choices);
    this.#failures.set(message, { kind, message, faults, steps, trace, choices });
  }

  /**
   * Faults come to an end, held packets arrive and nodes come back, so that a schedule without end goes on from some state
   * for ever by what happens without a fault, and comes round to it again. (Where every state is new, `maxSteps` ends it.)
   */
  #findLoop(first: number): void {
    const seenFrom = new Int32Array(this.#parents.length - first).fill(none);
    for (let start = first; start < this.#parents.length; start++) {
      let state = start;
      while (state >= first && seenFrom[state - first] === none) {
        seenFrom[state - first] = start;
        state = this.#successors.get(state);
      }
      if (state < first || seenFrom[state - first] !== start) continue;
      const choices = this.#path(state);
      this.#fail("stuck", "the same state comes round again and again", [...choices, ...this.#round(state, choices)]);
      return;
    }
  }

  /** What happens from this state until it comes again. */
  #round(state: number, choices: readonly number[]): number[] {
    const world = new SmallWorld(this.#scenario);
    for (const code of choices) world.take(code);
    const round: number[] = [];
    let at = state;
    do {
      const next = world.next() as number;
      round.push(next);
      world.take(next);
      at = this.#successors.get(at);
    } while (at !== state);
    return round;
  }

  #depth(state: number): number {
    return state === none ? -1 : this.#depths.get(state);
  }

  /** The choices that lead to a state. */
  #path(state: number): number[] {
    const path: number[] = [];
    for (let at = state; at > 0; at = this.#parents.get(at)) path.push(this.#choices.get(at));
    return path.reverse();
  }
}

function hexadecimal(hash: readonly [number, number]): string {
  return hash.map((half) => half.toString(16).padStart(8, "0")).join("");
}

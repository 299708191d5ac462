/** What the explorer is given: a small world, the faults it may meet, and what must hold in it (docs/simnet.md, N30). */

import { finiteFrom, integerFrom } from "./checked-numbers.js";
import type { CreateProgram, NodeProgram } from "./contract.js";
import type { Describe } from "./trace.js";

/** A world of the explorer as the checks of a scenario see it. It is only valid during the call. */
export interface ExploredWorld {
  /** Virtual milliseconds since the start of the world. Every node's clock shows them. */
  readonly now: number;
  /** Faults so far on this schedule. */
  readonly faults: number;
  /** The program of a node, undefined while the node is down. @throws RangeError if there is no such node */
  program<Program extends NodeProgram = NodeProgram>(node: string): Program | undefined;
  /** What outlives a crash of the node. @throws RangeError if there is no such node */
  durable(node: string): ReadonlyMap<string, unknown>;
}

/** A command is given as the very next step once all commands before it were given, its node is up, and `when` is true. */
export interface ExploredCommand {
  readonly node: string;
  /** Handed to the program as it is, on every schedule: never change it. */
  readonly command: unknown;
  /** A pure function of the world. Default: at once. */
  readonly when?: (world: ExploredWorld) => boolean;
}

/** A crash that may happen between any two steps, as one fault. The node loses its program, its ports and its `later`s. */
export interface PossibleCrash {
  readonly node: string;
  /** Whether the next incarnation finds the durable state. */
  readonly durable: "kept" | "lost";
  /**
   * `any time`: after any number of later steps, which is no further fault; at the latest when nothing else is left.
   * `at once`: in the same step, so that no packet finds it down. Default `any time`.
   */
  readonly restart?: "any time" | "at once" | "never";
}

/** Which faults may happen. Each one costs one of `maxFaults`. */
export interface PossibleFaults {
  /** A packet is lost. Default true. */
  readonly drop?: boolean;
  /** A packet arrives twice in a row; a second fault may hold its copy back. Default true. */
  readonly duplicate?: boolean;
  /** A packet is held back past any number of later events. Default true. */
  readonly delay?: boolean;
  /** A timer fires before its turn; a list names the nodes whose timers may. Default true. */
  readonly earlyTimer?: boolean | readonly string[];
  /** Default none. */
  readonly crashes?: readonly PossibleCrash[];
}

/** A small world of programs that exchange datagrams. Streams are not explored: asking for one throws. */
export interface Scenario {
  /** Started in this order, each with the input `start`. */
  readonly nodes: Readonly<Record<string, CreateProgram>>;
  readonly commands?: readonly ExploredCommand[];
  readonly faults?: PossibleFaults;
  /** A safety property, asked in every state: what is wrong, or undefined. */
  check?(world: ExploredWorld): string | undefined;
  /** A final property, asked when nothing is left to happen: what is wrong, or undefined. */
  checkEnd?(world: ExploredWorld): string | undefined;
  /** Names an end state in the report, such as "success" or "failed: timeout". Default: the hash of the state, or `end` without fingerprints. */
  endState?(world: ExploredWorld): string;
  /** What payloads mean, for the texts of a failing schedule. Default: length and first bytes in hexadecimal. */
  readonly describe?: Describe;
  /**
   * How long a delivery takes. 0 lets more states be equal, because the ages of timers then do not depend on the number
   * of deliveries. Default 1.
   */
  readonly deliveryMs?: number;
  /**
   * A packet that is held back arrives before the clock shows this much more than when it was sent (or, where several
   * are due, right after), and no timer fires early that would make a packet older. Default Infinity.
   */
  readonly maxDelayMs?: number;
  /** What would happen later than this does not happen any more: for programs whose timers never end. Default Infinity. */
  readonly horizonMs?: number;
  /** Of the programs' random bytes. Default 0. */
  readonly seed?: number;
}

export interface ExploreOptions {
  /** Every schedule with at most this many faults. Default 1. */
  readonly maxFaults?: number;
  /** The exploration is cut when it has met this many states. Default 1,000,000. */
  readonly maxStates?: number;
  /**
   * A schedule that has not ended after this many steps is stuck, which is a failure. A program that repeats itself for
   * ever while a packet is held back or a node is down needs `hashing` or a horizon. Default 500.
   */
  readonly maxSteps?: number;
  /** Ends after failures with this many different messages; the shortest schedule of each is reported. Default 1. */
  readonly maxFailures?: number;
  /** Whether equal states are explored once. It needs a `fingerprint` of every program. Default: if they have one. */
  readonly hashing?: boolean;
  /** Called after every 10,000 schedules. */
  readonly onProgress?: (progress: ExplorationProgress) => void;
}

export interface ExplorationProgress {
  /** Number of faults of the schedules that are being run. */
  readonly faults: number;
  readonly states: number;
  readonly schedules: number;
}

/** The options with their defaults. @throws RangeError that names the option and the accepted range */
export function resolveExploreOptions(options: ExploreOptions): Required<Omit<ExploreOptions, "hashing">> & {
  readonly hashing: boolean | undefined;
} {
  return {
    maxFaults: integerFrom("maxFaults", options.maxFaults ?? 1, 0, 100),
    maxStates: integerFrom("maxStates", options.maxStates ?? 1_000_000, 1, 100_000_000),
    maxSteps: integerFrom("maxSteps", options.maxSteps ?? 500, 1, 1_000_000),
    maxFailures: integerFrom("maxFailures", options.maxFailures ?? 1, 1, 1_000_000),
    hashing: options.hashing,
    onProgress: options.onProgress ?? (() => {}),
  };
}

/** @throws RangeError that names what is wrong with a scenario */
export function checkScenario(scenario: Scenario): void {
  const { nodes, commands = [], faults = {}, deliveryMs = 1, maxDelayMs = 1, horizonMs = 0 } = scenario;
  const names = Object.keys(nodes);
  if (names.length === 0) throw new RangeError("nodes must name at least one node");
  const known = (where: string, node: string): void => {
    if (!names.includes(node)) throw new RangeError(`${where}: there is no node ${node}, only ${names.join(", ")}`);
  };
  for (const { node } of commands) known("commands", node);
  for (const { node } of faults.crashes ?? []) known("faults.crashes", node);
  for (const node of typeof faults.earlyTimer === "object" ? faults.earlyTimer : []) known("faults.earlyTimer", node);
  finiteFrom("deliveryMs", deliveryMs, 0);
  if (!(maxDelayMs > 0)) throw new RangeError(`maxDelayMs must be above 0, not ${maxDelayMs}`);
  if (!(horizonMs >= 0)) throw new RangeError(`horizonMs must be 0 or above, not ${horizonMs}`);
}

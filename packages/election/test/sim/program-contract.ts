/** What a simulated node is told, what may be wrong with it, and what oracles see of it. */
import type { ElectionOptions, ElectionOutput, Load, Now } from "../../src/core/index.js";
import type { Rules } from "../../src/core/rules.js";
import type { ElectionProgram } from "./election-program.js";

/** What may be done to messages on their way beyond what a connection does: it is not one then, but anything goes. */
export interface Mischief {
  readonly drop: number;
  readonly duplicate: number;
  /** Probability that a message is held back, and for how long at most. */
  readonly hold: number;
  readonly holdMs: number;
  /** Probability that an old message, or garbage, comes along with one. */
  readonly replay: number;
  readonly garbage: number;
}

/** What a node of the world is told beside the machine's own options. */
export interface ElectionNodeOptions {
  readonly options: Omit<ElectionOptions, "platform">;
  readonly rules: Rules;
  readonly driver: DriverMutation;
  /** What is done to messages now; undefined in calm. */
  readonly mischief: () => Mischief | undefined;
  readonly load: () => Load;
  readonly watch: Watch;
}

/** What a driver may do wrong. */
export interface DriverMutation {
  /** It says that a state is stored as soon as it is asked to store it. */
  readonly storesLate?: boolean;
  /** It does not read what was stored. */
  readonly forgets?: boolean;
  /** It takes a leader that has handed over, and whom nobody relieved, for the leader in its old epoch again. */
  readonly resumes?: boolean;
}

/** What oracles see of a node. */
export interface Watch {
  started(node: ElectionProgram): void;
  commanded(node: ElectionProgram, command: ElectionCommand): void;

  performed(node: ElectionProgram, now: Now, output: ElectionOutput): void;
  arrived(node: ElectionProgram, now: Now, payload: Uint8Array): unknown;
  /** Garbage was given; `before` and `after` are what the node shows. */
  garbage(node: ElectionProgram, before: string, after: string, outputs: readonly ElectionOutput[]): void;
}

export type ElectionCommand = { readonly type: "resign"; readonly to?: string } | { readonly type: "stop" };

/** The last Ack of a node arrives once more. */
export interface Replay {
  readonly type: "replay";
  readonly from: string;
}

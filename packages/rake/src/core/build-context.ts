/** What every part of the client's machine shares: the time, what is asked of the driver, and numbers that are drawn once. */

import type { BuildSettings } from "./build-options.js";
import type { BuildEvent, ClientOutput } from "./client-contract.js";
import type { LearnedTable } from "./learned.js";
import type { Plan } from "./plan.js";
import type { Platform } from "./platform.js";
import type { Upload } from "./uploads-up.js";

/** One of the members of a union, without a field. */
type Without<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;

export const NEVER: number = Number.POSITIVE_INFINITY;

export class BuildContext {
  /** Of the input that is being handled. */
  now = 0;
  readonly plan: Plan;
  readonly settings: BuildSettings;
  readonly platform: Platform;
  readonly learned: LearnedTable;
  /** Pieces of inputs that were asked for, by their id. */
  readonly reads: Map<number, Upload> = new Map();
  #outputs: ClientOutput[] = [];
  #drawn = 0;

  constructor(plan: Plan, settings: BuildSettings, platform: Platform, learned: LearnedTable) {
    this.plan = plan;
    this.settings = settings;
    this.platform = platform;
    this.learned = learned;
  }

  do(output: ClientOutput): void {
    this.#outputs.push(output);
  }

  tell(event: Without<BuildEvent, "at">): void {
    this.#outputs.push({ type: "event", event: { at: this.now, ...event } as BuildEvent });
  }

  /** What is to be done since the last call. */
  take(): ClientOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }

  /** A number that was not drawn before, from 1. */
  draw(): number {
    return ++this.#drawn;
  }

  /** From 0 (inclusive) to 1 (exclusive). */
  random(): number {
    const [a = 0, b = 0, c = 0, d = 0] = this.platform.randomBytes(4);
    return (((a * 256 + b) * 256 + c) * 256 + d) / 2 ** 32;
  }
}

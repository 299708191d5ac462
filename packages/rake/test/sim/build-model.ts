/** What a build on one machine alone would do, set after set: what the simulated one must come to. */
import type { Plan as RakePlan } from "../../src/core/index.js";
import { type Effect, perform } from "./command.js";
import type { Folder, SimFile } from "./files.js";

/** Longer than any action that has no timeout. */
const HANGS_MS = 1_000_000;

export class BuildModel {
  readonly plan: RakePlan;
  readonly toolchain: string;
  /** As it must be now. */
  readonly folder: Map<string, SimFile>;
  /** Actions that are over, with exit code 0. */
  readonly done: Set<number> = new Set();
  /** The one that is being built. */
  set = -1;
  #effects = new Map<number, Effect>();

  constructor(plan: RakePlan, folder: Folder, toolchain: string) {
    this.plan = plan;
    this.folder = new Map(folder);
    this.toolchain = toolchain;
  }

  /** Its actions see what is there when it begins (R3). */
  begin(set: number): void {
    this.set = set;
    const actions = this.plan.sets[set]?.actions ?? [];
    this.#effects = new Map(
      actions.map(({ index, command }) => [index, perform(command, this.folder, this.toolchain)]),
    );
  }

  /** Of an action of the set that is being built. */
  effect(action: number): Effect | undefined {
    return this.#effects.get(action);
  }

  setOf(action: number): number {
    return this.plan.sets.findIndex(({ actions }) => actions.some(({ index }) => index === action));
  }

  /** Whether it succeeds where it runs. */
  succeeds(action: number): boolean {
    const effect = this.effect(action);
    return effect !== undefined && effect.code === 0 && effect.signal === 0 && effect.workMs < HANGS_MS;
  }

  hangs(action: number): boolean {
    return (this.effect(action)?.workMs ?? 0) >= HANGS_MS;
  }

  /** Its outputs are in their places. */
  take(action: number): void {
    this.done.add(action);
    for (const [path, file] of this.effect(action)?.outputs ?? []) this.folder.set(path, file);
  }

  /** Actions of the set that are not over. */
  get left(): number[] {
    return [...this.#effects.keys()].filter((index) => !this.done.has(index));
  }

  get isComplete(): boolean {
    return this.plan.sets.every(({ actions }) => actions.every(({ index }) => this.done.has(index)));
  }
}

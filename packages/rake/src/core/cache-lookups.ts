/** Whether a result is known already (docs/rake.md R39). */

import type { ActionState } from "./action-state.js";
import { type BuildContext, NEVER } from "./build-context.js";
import { cacheKey } from "./cache-keys.js";
import type { HostTable } from "./host-table.js";
import { pathFault } from "./paths.js";
import { hasResources } from "./starvation.js";

interface LookUp {
  readonly state: ActionState;
  readonly attempt: number;
  readonly keys: readonly string[];
  readonly by: number;
}

export interface LookUpListener {
  found(state: ActionState, attempt: number, outputs: readonly string[]): void;
  /** It has to run. */
  notFound(state: ActionState): void;
}

export class CacheLookUps {
  readonly #context: BuildContext;
  readonly #hosts: HostTable;
  readonly #listener: LookUpListener;
  readonly #asked = new Map<number, LookUp>();

  constructor(context: BuildContext, hosts: HostTable, listener: LookUpListener) {
    this.#context = context;
    this.#hosts = hosts;
    this.#listener = listener;
  }

  /** With the toolchain of every host that is there and could run it. */
  ask(state: ActionState): void {
    const { action, inputs } = state;
    const hosts = this.#hosts.all.filter((host) => host.isUp && hasResources(host, action.on));
    const toolchains = new Set(hosts.map(({ facts }) => facts?.toolchain ?? ""));
    const keys = [...toolchains].map((toolchain) => cacheKey(this.#context.platform, action, inputs, toolchain));
    const id = this.#context.draw();
    const attempt = this.#context.draw();
    state.isLookedUp = true;
    state.status = "lookUp";
    this.#asked.set(id, { state, attempt, keys, by: this.#context.now + this.#context.settings.effectMs });
    this.#context.do({ type: "lookUp", id, attempt, keys });
  }

  found(id: number, key: string, outputs: readonly string[]): void {
    const lookUp = this.#asked.get(id);
    if (lookUp === undefined) return;
    this.#asked.delete(id);
    const { state, attempt, keys } = lookUp;
    // The folder is the user's: what stands in it may be anything.
    if (state.isOver || !keys.includes(key) || outputs.some((path) => pathFault(path) !== undefined)) {
      this.#context.do({ type: "discard", attempt });
      if (!state.isOver) this.#listener.notFound(state);
      return;
    }
    const { index } = state.action;
    this.#context.tell({ type: "placed", action: index, attempt, where: "cache", expectedMs: 0, why: "cache" });
    this.#listener.found(state, attempt, outputs);
  }

  notFound(id: number): void {
    const lookUp = this.#asked.get(id);
    if (lookUp === undefined) return;
    this.#asked.delete(id);
    if (!lookUp.state.isOver) this.#listener.notFound(lookUp.state);
  }

  tick(): void {
    for (const [id, { by }] of [...this.#asked]) if (this.#context.now >= by) this.notFound(id);
  }

  nextDeadline(): number {
    let soonest = NEVER;
    for (const { by } of this.#asked.values()) soonest = Math.min(soonest, by);
    return soonest;
  }
}

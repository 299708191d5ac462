/** Actions that no host is left for (docs/rake.md R32, R33, R53). */

import type { ActionState } from "./action-state.js";
import { type BuildContext, NEVER } from "./build-context.js";
import type { Host } from "./host.js";
import type { HostTable } from "./host-table.js";

/** Why an action can run nowhere. `mayFallBack`: the client's own machine may do it. */
export interface Starved {
  readonly state: ActionState;
  readonly why: string;
  readonly mayFallBack: boolean;
}

export class Starvation {
  readonly #context: BuildContext;
  readonly #hosts: HostTable;
  /** Those that not every host can run. */
  readonly #special = new Set<ActionState>();
  #noHostSince: number | undefined;
  /** Since nothing runs at any host, and none has bid. */
  #stillSince: number | undefined;

  constructor(context: BuildContext, hosts: HostTable) {
    this.#context = context;
    this.#hosts = hosts;
  }

  /** It waits to be placed. */
  waits(state: ActionState): void {
    if (state.action.on.length > 0 || state.refusedBy.size > 0) this.#special.add(state);
  }

  /** It is to be placed no more, though it may wait for this machine. */
  forgets(state: ActionState): void {
    state.starvedSince = undefined;
    this.#special.delete(state);
  }

  /** A host bid, or runs something. */
  moved(): void {
    this.#stillSince = undefined;
  }

  /** @param isBidding some action is being asked for: it waits as well, though it is not among those that do */
  find(waiting: readonly ActionState[], isBidding: boolean): Starved[] {
    const { now, settings } = this.#context;
    const isWaiting = waiting.length > 0 || isBidding;
    const isStill = isWaiting && this.#hosts.all.every(({ running }) => running === 0);
    this.#stillSince = isStill ? (this.#stillSince ?? now) : undefined;
    const isUsable = this.#hosts.all.some((host) => host.isUsable);
    this.#noHostSince = isUsable || !isWaiting ? undefined : (this.#noHostSince ?? now);
    if (waiting.length === 0) return [];
    const special = [...this.#special].flatMap((state) => this.#ofSpecial(state) ?? []);
    const mayFallBack = true;
    if (this.#hosts.all.every(({ isFinal }) => isFinal) || now >= (this.#noHostSince ?? NEVER) + settings.noHostMs) {
      const why = `no host is left:\n${this.#hosts.reasons()}`;
      return [
        ...special,
        ...waiting.filter((one) => !this.#isOf(special, one)).map((state) => ({ state, why, mayFallBack })),
      ];
    }
    if (now >= (this.#stillSince ?? NEVER) + settings.maxBusyMs) {
      const why = (state: ActionState) => `every host refuses:\n${this.#hosts.reasons(state.reasons)}`;
      return waiting.map((state) => ({ state, why: why(state), mayFallBack }));
    }
    return special;
  }

  nextDeadline(): number {
    const { noHostMs, maxBusyMs } = this.#context.settings;
    let soonest = NEVER;
    // What is over already waits for the end of a bidding, not for a time.
    for (const at of [(this.#noHostSince ?? NEVER) + noHostMs, (this.#stillSince ?? NEVER) + maxBusyMs]) {
      if (at > this.#context.now) soonest = Math.min(soonest, at);
    }
    for (const { starvedSince, status } of this.#special) {
      if (status === "waiting") soonest = Math.min(soonest, (starvedSince ?? NEVER) + noHostMs);
    }
    return soonest;
  }

  #isOf(starved: readonly Starved[], state: ActionState): boolean {
    return starved.some((one) => one.state === state);
  }

  #ofSpecial(state: ActionState): Starved | undefined {
    if (state.status !== "waiting") {
      state.starvedSince = undefined;
      if (state.isOver) this.#special.delete(state);
      return undefined;
    }
    const { now, settings } = this.#context;
    const { on } = state.action;
    const hosts = this.#hosts.all;
    if (hosts.every(({ facts }) => facts !== undefined) && !hosts.some((host) => hasResources(host, on))) {
      return { state, why: `no host has ${on.join(" and ")}`, mayFallBack: false };
    }
    const possible = hosts.filter((host) => mayEverRun(host, state));
    if (possible.length > 0 && possible.some((host) => host.isUsable)) {
      state.starvedSince = undefined;
      return undefined;
    }
    state.starvedSince ??= now;
    if (possible.length > 0 && now < state.starvedSince + settings.noHostMs) return undefined;
    return { state, why: `no host can run it:\n${this.#hosts.reasons(state.reasons)}`, mayFallBack: true };
  }
}

/** As far as is known of it. */
function mayEverRun(host: Host, state: ActionState): boolean {
  if (host.isFinal || state.refusedBy.has(host.index)) return false;
  return host.facts === undefined || hasResources(host, state.action.on);
}

export function hasResources({ facts }: Host, wanted: readonly string[]): boolean {
  return wanted.every((resource) => facts?.resources.includes(resource));
}

/** Who is asked for which action, when, and who gets it (docs/rake.md R28, R31, R51). */

import type { ActionState } from "./action-state.js";
import { type Offer, Round } from "./bidding.js";
import type { BuildContext } from "./build-context.js";
import type { Host } from "./host.js";
import type { HostTable } from "./host-table.js";
import { type BidView, type BusyView, lowest } from "./placement.js";
import { type AttemptView, gainMs, leftMs, overdue, speculatesAt } from "./speculation.js";
import { hasResources, Starvation, type Starved } from "./starvation.js";

/** A hold lasts so much of what the best bid would take: then what runs is looked at again. */
const HOLD_SHARE = 0.25;
const MIN_HOLD_MS = 10;

export interface PlacingListener {
  place(state: ActionState, offer: Offer, isSpeculative: boolean): void;
  /** Ask the cache first. */
  lookUp(state: ActionState): void;
  starved(starved: Starved): void;
}

export class Placing {
  readonly #context: BuildContext;
  readonly #hosts: HostTable;
  readonly #listener: PlacingListener;
  readonly #starvation: Starvation;
  #queue: ActionState[] = [];
  readonly #rounds = new Set<Round>();
  /** Those that run at hosts. */
  readonly #running = new Set<ActionState>();
  #holdUntil = 0;
  #usable = 0;

  constructor(context: BuildContext, hosts: HostTable, listener: PlacingListener) {
    this.#context = context;
    this.#hosts = hosts;
    this.#listener = listener;
    this.#starvation = new Starvation(context, hosts);
  }

  /** It may be placed: unknown ones first, as they stand in the Rakefile, then the longest. */
  add(state: ActionState): void {
    state.status = "waiting";
    this.#starvation.waits(state);
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#isBefore(this.#queue[middle] as ActionState, state)) low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, state);
  }

  /** It has to be placed again, before all that wait. */
  addAgain(state: ActionState): void {
    state.status = "waiting";
    this.#starvation.waits(state);
    this.#queue.unshift(state);
  }

  /** It runs at a host, or does not any more: a slot may be free. */
  runs(state: ActionState, isRunning: boolean): void {
    if (isRunning) this.#running.add(state);
    else this.#running.delete(state);
    this.#holdUntil = 0;
  }

  /** Nothing of it is wanted any more. */
  drop(state: ActionState): void {
    const index = this.#queue.indexOf(state);
    if (index >= 0) this.#queue.splice(index, 1);
    this.#starvation.forgets(state);
    this.runs(state, false);
    const { round } = state;
    if (round === undefined) return;
    this.#rounds.delete(round);
    state.round = undefined;
    round.close();
  }

  dropAll(): void {
    this.#queue = [];
    for (const round of [...this.#rounds]) this.drop(round.state);
  }

  /** Decides what can be decided, and asks as far as slots go. */
  run(): void {
    const usable = this.#hosts.all.filter((host) => host.isUsable).length;
    if (usable !== this.#usable) this.#holdUntil = 0;
    this.#usable = usable;
    do {
      for (const round of [...this.#rounds]) if (round.isDecided) this.#decide(round);
    } while (this.#startNext());
    for (const starved of this.#starvation.find(this.#queue, this.#rounds.size > 0)) {
      this.drop(starved.state);
      this.#listener.starved(starved);
    }
    this.#speculate();
  }

  nextDeadline(): number {
    let soonest = this.#starvation.nextDeadline();
    for (const round of this.#rounds) soonest = Math.min(soonest, round.nextDeadline());
    if (this.#queue.length > 0 && this.#holdUntil > this.#context.now) soonest = Math.min(soonest, this.#holdUntil);
    if (!this.#maySpeculate) return soonest;
    const { settings, now } = this.#context;
    for (const { state } of this.#candidates()) {
      if (this.#elsewhere(state).length === 0) continue;
      for (const { placedAt, placed } of state.live) {
        for (const after of [settings.speculateMs, speculatesAt(placed.expectedMs, settings)]) {
          if (placedAt + after > now) soonest = Math.min(soonest, placedAt + after);
        }
      }
    }
    return soonest;
  }

  #isBefore(a: ActionState, b: ActionState): boolean {
    const [aMs, bMs] = [a.knownMs(this.#context), b.knownMs(this.#context)];
    if (aMs === bMs) return a.action.index < b.action.index;
    return aMs === 0 || (bMs !== 0 && aMs > bMs);
  }

  /** True where anything was begun: there may be more. */
  #startNext(): boolean {
    const { now, settings } = this.#context;
    if (this.#rounds.size >= settings.maxQuoting || this.#queue.length === 0 || now < this.#holdUntil) return false;
    // What a bidding holds may be free again as soon as it is decided: to ask around it is to place badly.
    if (this.#hosts.all.some((host) => host.isShadowed)) return false;
    if (!this.#hosts.all.some((host) => host.isAskable)) return false;
    for (const [index, state] of this.#queue.entries()) {
      const hosts = this.#askable(state);
      if (hosts.length === 0) continue;
      this.#queue.splice(index, 1);
      if (settings.cache && !state.isLookedUp) this.#listener.lookUp(state);
      else this.#open(state, hosts, false);
      return true;
    }
    return false;
  }

  #open(state: ActionState, hosts: readonly Host[], isSpeculative: boolean): void {
    const round = new Round(this.#context, state, isSpeculative);
    state.round = round;
    if (!isSpeculative) state.status = "bidding";
    this.#rounds.add(round);
    round.ask(hosts);
  }

  #askable(state: ActionState): Host[] {
    return this.#hosts.all.filter((host) => host.isAskable && this.#mayRun(host, state));
  }

  #mayRun(host: Host, state: ActionState): boolean {
    return !state.refusedBy.has(host.index) && hasResources(host, state.action.on);
  }

  #decide(round: Round): void {
    const { state, bids, isSpeculative } = round;
    this.#rounds.delete(round);
    state.round = undefined;
    if (bids.length > 0) this.#starvation.moved();
    const winner = isSpeculative && !isWorthAnother(state) ? undefined : this.#choose(round);
    round.close(winner);
    if (winner !== undefined) this.#listener.place(state, winner, isSpeculative);
    else if (!isSpeculative) this.addAgain(state);
  }

  #choose(round: Round): Offer | undefined {
    const offers = round.bids;
    if (offers.length === 0) return undefined;
    const bids = offers.map(({ host, priceMs, runMs }): BidView => {
      const { index, running, slots, speed } = host;
      return { host: index, priceMs, runMs, running, slots, speed };
    });
    const choice = this.#context.settings.policy.choose({
      bids,
      busy: this.#busy(round.state, offers),
      waiting: this.#queue.length,
      random: () => this.#context.random(),
    });
    const best = lowest(bids, ({ priceMs }) => priceMs);
    const mayWait = !round.isSpeculative && this.#hosts.all.some(({ running }) => running > 0);
    if (choice === "wait" && mayWait) {
      this.#holdUntil = this.#context.now + Math.max(MIN_HOLD_MS, best.priceMs * HOLD_SHARE);
      return undefined;
    }
    const wanted = choice === "wait" ? best.host : choice.host;
    return offers.find(({ host }) => host.index === wanted) ?? offers.find(({ host }) => host.index === best.host);
  }

  /** Hosts that could run it, if they had a slot. */
  #busy(state: ActionState, offers: readonly Offer[]): BusyView[] {
    const { now, learned } = this.#context;
    const busy = new Map<Host, number[]>();
    for (const host of this.#hosts.all) {
      const isBidding = offers.some((offer) => offer.host === host);
      if (!isBidding && host.isUsable && this.#mayRun(host, state)) busy.set(host, []);
    }
    for (const one of this.#running) {
      for (const { host, placedAt, placed } of one.live) {
        busy.get(host)?.push(leftMs({ elapsedMs: now - placedAt, expectedMs: placed.expectedMs }));
      }
    }
    return [...busy].map(([host, endsMs]) => {
      const { index, speed, slots } = host;
      const runMs = (state.workMs(this.#context) * learned.slowdown(host.address) * 1_000) / speed;
      return { host: index, speed, slots, endsMs: endsMs.sort((a, b) => a - b), runMs };
    });
  }

  get #maySpeculate(): boolean {
    return this.#context.settings.speculate && this.#queue.length === 0 && this.#rounds.size === 0;
  }

  /** Actions that another attempt could end sooner. */
  #candidates(): { readonly state: ActionState; readonly attempts: readonly AttemptView[] }[] {
    const { now, settings } = this.#context;
    return [...this.#running].flatMap((state) => {
      if (!isWorthAnother(state) || state.attempts >= settings.maxAttempts) return [];
      const attempts = [...state.live].map(({ host, placedAt, placed }) => {
        return { elapsedMs: now - placedAt, expectedMs: placed.expectedMs, speed: this.#speed(host) };
      });
      return [{ state, attempts }];
    });
  }

  /** Hosts that may be asked and do not run it. */
  #elsewhere(state: ActionState): Host[] {
    const taken = new Set([...state.live].map(({ host }) => host));
    return this.#askable(state).filter((host) => !taken.has(host));
  }

  #speculate(): void {
    if (!this.#maySpeculate || !this.#hosts.all.some((host) => host.isAskable)) return;
    const { settings } = this.#context;
    const candidates = this.#candidates();
    let best: { readonly state: ActionState; readonly hosts: readonly Host[]; readonly gain: number } | undefined;
    for (const { state, attempts } of candidates) {
      const gains = this.#elsewhere(state).map((host): [Host, number] => {
        return [host, gainMs(attempts, this.#speed(host), settings)];
      });
      const gain = Math.max(0, ...gains.map(([, one]) => one));
      if (gain <= (best?.gain ?? 0)) continue;
      best = { state, hosts: gains.flatMap(([host, one]) => (one > 0 ? [host] : [])), gain };
    }
    if (best !== undefined) return this.#open(best.state, best.hosts, true);
    // Nobody knows what keeps the others: a host that is slower may be free of it.
    const alone = candidates.flatMap(({ state, attempts: [first, other] }) => {
      return first === undefined || other !== undefined ? [] : [{ state, ...first }];
    });
    for (const { state } of overdue(alone, settings)) {
      const hosts = this.#elsewhere(state);
      if (hosts.length > 0) return this.#open(state, hosts, true);
    }
  }

  /** With what was learned of it (R30). */
  #speed(host: Host): number {
    return host.speed / this.#context.learned.slowdown(host.address);
  }
}

/** Its attempts run, and none of them has ended. */
function isWorthAnother(state: ActionState): boolean {
  if (state.status !== "running" || state.live.size === 0 || state.failed !== undefined) return false;
  return [...state.live].every(({ phase }) => phase !== "checking" && phase !== "ready");
}

/** What follows when attempts begin and end (docs/rake.md R31, R32, R35 to R37, guarantee C). */

import type { ActionState } from "./action-state.js";
import type { AttemptListener, Fault } from "./attempt-facts.js";
import type { Offer } from "./bidding.js";
import { type BuildContext, NEVER } from "./build-context.js";
import { cacheKey } from "./cache-keys.js";
import type { MadeHere } from "./client-contract.js";
import type { Host } from "./host.js";
import type { HostTable } from "./host-table.js";
import type { RunEnd } from "./messages.js";
import { OutputPlaces } from "./output-places.js";
import { matches } from "./paths.js";
import { RemoteAttempt } from "./remote-attempt.js";
import { endText } from "./run-end.js";

export type FailureCode = "ACTION_FAILED" | "NO_HOST" | "INPUT" | "OUTPUT";

export interface SettlementListener {
  /** It runs at a host from now on, or does not any more. */
  runs(state: ActionState, isRunning: boolean): void;
  /** It is not to be placed any more. */
  over(state: ActionState): void;
  /** Place it again; these inputs have changed. */
  again(state: ActionState, changed: ReadonlySet<string>): void;
  /** No attempt is left. */
  exhausted(state: ActionState, why: string): void;
  succeeded(state: ActionState, attempt: number): void;
  failed(state: ActionState, code: FailureCode, message: string): void;
}

/** A result whose outputs are being renamed into their places. */
interface Commit {
  readonly state: ActionState;
  readonly by: number;
  readonly from: RemoteAttempt | undefined;
}

export class Settlement implements AttemptListener {
  readonly #context: BuildContext;
  readonly #hosts: HostTable;
  readonly #listener: SettlementListener;
  readonly #attempts = new Map<number, RemoteAttempt>();
  readonly #commits = new Map<number, Commit>();
  /** Of the set that is being built. */
  places: OutputPlaces = new OutputPlaces([]);

  constructor(context: BuildContext, hosts: HostTable, listener: SettlementListener) {
    this.#context = context;
    this.#hosts = hosts;
    this.#listener = listener;
  }

  /** Commits that are on their way. */
  get commits(): number {
    return this.#commits.size;
  }

  of(attempt: number): RemoteAttempt | undefined {
    return this.#attempts.get(attempt);
  }

  place(state: ActionState, offer: Offer, isSpeculative: boolean): void {
    const { host, bid, priceMs, runMs } = offer;
    if (bid === undefined) return;
    const why = isSpeculative ? "speculation" : state.attempts > 0 ? "retry" : "bid";
    state.attempts++;
    state.status = "running";
    const attempt = new RemoteAttempt(this.#context, { state, host, bid, why, expectedMs: priceMs, runMs }, this);
    this.#attempts.set(attempt.number, attempt);
    state.live.add(attempt);
    const { index } = state.action;
    const where = { host: host.index };
    this.#context.tell({ type: "placed", action: index, attempt: attempt.number, where, expectedMs: priceMs, why });
    this.#listener.runs(state, true);
    attempt.begin();
  }

  started(attempt: RemoteAttempt): void {
    attempt.isShown = ![...attempt.state.live].some(({ isShown }) => isShown);
    this.#context.tell({ type: "started", action: attempt.state.action.index, attempt: attempt.number });
  }

  ready(attempt: RemoteAttempt): void {
    const { state, number } = attempt;
    const { action } = state;
    const others = [...state.live].filter((one) => one !== attempt);
    const { paths, bytes } = attempt.outputs;
    this.#context.tell({ type: "received", action: action.index, attempt: number, outputs: paths.length, bytes });
    const fault = this.places.claim(action, paths);
    if (fault !== undefined) return this.fail(state, "OUTPUT", fault);
    if (others.length > 0 || state.failed !== undefined) {
      this.#context.tell({ type: "won", action: action.index, attempt: number, others: others.length });
    }
    for (const other of others) this.#forget(other);
    this.#dropFailed(state);
    state.live.delete(attempt);
    this.#attempts.delete(number);
    attempt.commit();
    if (!attempt.isShown) this.#context.do({ type: "showKept", attempt: number });
    const toolchain = attempt.host.facts?.toolchain ?? "";
    if (this.#context.settings.cache) {
      const key = cacheKey(this.#context.platform, action, attempt.inputs, toolchain);
      this.#context.do({ type: "remember", attempt: number, key, paths });
    }
    this.#commit(state, number, paths, attempt);
  }

  failed(attempt: RemoteAttempt, end: RunEnd): void {
    const { state } = attempt;
    state.live.delete(attempt);
    this.#attempts.delete(attempt.number);
    if (state.failed === undefined) state.failed = { attempt, end };
    else this.#context.do({ type: "discard", attempt: attempt.number });
    this.#listener.runs(state, state.live.size > 0);
    if (state.live.size === 0) this.#failForGood(state);
  }

  lost(attempt: RemoteAttempt, why: string, fault: Fault): void {
    const { state, host, changed } = attempt;
    const { maxAttempts } = this.#context.settings;
    state.live.delete(attempt);
    this.#attempts.delete(attempt.number);
    state.reasons.set(host.index, why);
    if (fault === "nobody") state.attempts--;
    if (fault === "never") state.refusedBy.set(host.index, why);
    if (fault === "host") this.#hosts.backOff(host, why);
    this.#listener.runs(state, state.live.size > 0);
    const isAlone = state.live.size === 0;
    const again = isAlone && state.failed === undefined && state.attempts < maxAttempts;
    this.#context.tell({ type: "attemptLost", action: state.action.index, attempt: attempt.number, why, again });
    if (!isAlone) return;
    if (state.failed !== undefined) return this.#failForGood(state);
    if (!again) return this.#listener.exhausted(state, why);
    if (state.round !== undefined) {
      state.round.isSpeculative = false;
      state.status = "bidding";
    } else {
      this.#listener.again(state, changed);
    }
  }

  broken(host: Host, why: string): void {
    this.#hosts.lose(host, {
      why: `it broke the protocol: ${why}`,
      bye: { code: "BAD_MESSAGE", text: "wrong digest" },
    });
  }

  /** What the cache had. */
  commitCached(state: ActionState, attempt: number, paths: readonly string[]): void {
    const fault = this.places.claim(state.action, paths);
    if (fault !== undefined) {
      this.#context.do({ type: "discard", attempt });
      return this.fail(state, "OUTPUT", fault);
    }
    this.#context.do({ type: "showKept", attempt });
    this.#commit(state, attempt, paths, undefined);
  }

  /** What an action made here that no host could run: as much is asked of it as of a host's (R24, R25, R35). */
  commitMade(state: ActionState, attempt: number, made: readonly MadeHere[]): void {
    const { action } = state;
    const paths = made.map(({ path }) => path);
    const bytes = made.reduce((sum, { size }) => sum + size, 0);
    this.#context.tell({ type: "received", action: action.index, attempt, outputs: paths.length, bytes });
    const lacking = action.produces.find((pattern) => !paths.some((path) => matches(pattern, path)));
    const fault =
      lacking === undefined
        ? this.places.claim(action, paths)
        : `it made nothing that ${lacking} means, on this machine`;
    if (fault === undefined) return this.#commit(state, attempt, paths, undefined);
    this.#context.do({ type: "discard", attempt });
    this.fail(state, "OUTPUT", fault);
  }

  committed(attempt: number): void {
    const commit = this.#commits.get(attempt);
    if (commit === undefined) return;
    this.#commits.delete(attempt);
    const { state, from } = commit;
    if (from !== undefined) this.#learn(from);
    state.status = "succeeded";
    this.#context.tell({ type: "actionSucceeded", action: state.action.index, attempt });
    this.#listener.succeeded(state, attempt);
  }

  commitFailed(attempt: number, message: string): void {
    const commit = this.#commits.get(attempt);
    if (commit === undefined) return;
    this.#commits.delete(attempt);
    this.fail(commit.state, "OUTPUT", message);
  }

  /** Ends the action and all its attempts. */
  fail(state: ActionState, code: FailureCode, message: string): void {
    this.cancel(state);
    state.status = "failed";
    this.#context.tell({ type: "actionFailed", action: state.action.index, message });
    this.#listener.failed(state, code, message);
  }

  /** None of its attempts is wanted any more. */
  cancel(state: ActionState): void {
    for (const attempt of [...state.live]) this.#forget(attempt);
    this.#dropFailed(state);
    this.#listener.over(state);
  }

  tick(): void {
    const { now } = this.#context;
    for (const attempt of [...this.#attempts.values()]) {
      if (now >= attempt.checkBy) attempt.unwritten("an output", "it was not written in time");
    }
    for (const [attempt, { by }] of [...this.#commits]) {
      if (now >= by) this.commitFailed(attempt, "the outputs were not renamed in time");
    }
  }

  nextDeadline(): number {
    let soonest = NEVER;
    for (const { checkBy } of this.#attempts.values()) soonest = Math.min(soonest, checkBy);
    for (const { by } of this.#commits.values()) soonest = Math.min(soonest, by);
    return soonest;
  }

  #commit(state: ActionState, attempt: number, paths: readonly string[], from: RemoteAttempt | undefined): void {
    state.status = "committing";
    this.#listener.over(state);
    this.#commits.set(attempt, { state, by: this.#context.now + this.#context.settings.effectMs, from });
    this.#context.do({ type: "commit", attempt, paths });
  }

  #forget(attempt: RemoteAttempt): void {
    attempt.state.live.delete(attempt);
    this.#attempts.delete(attempt.number);
    attempt.cancel();
  }

  #dropFailed(state: ActionState): void {
    if (state.failed !== undefined) this.#context.do({ type: "discard", attempt: state.failed.attempt.number });
    state.failed = undefined;
  }

  #failForGood(state: ActionState): void {
    const { attempt, end } = state.failed as NonNullable<ActionState["failed"]>;
    if (!attempt.isShown && attempt.startedAt !== undefined) {
      this.#context.do({ type: "showKept", attempt: attempt.number });
    }
    this.fail(state, "ACTION_FAILED", `${endText(end)} at ${attempt.host.address}`);
  }

  #learn({ state, host, tookMs, placed }: RemoteAttempt): void {
    const expectedMs = state.knownMs(this.#context) > 0 ? placed.bid.runMs : 0;
    this.#context.learned.ran(state.kind, host.address, tookMs, host.speed, expectedMs);
    host.succeeded();
  }
}

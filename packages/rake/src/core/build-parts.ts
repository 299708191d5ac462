/** The parts of a build, joined: what one of them finds out, another acts upon. */

import type { ActionState } from "./action-state.js";
import type { BuildContext } from "./build-context.js";
import { CacheLookUps } from "./cache-lookups.js";
import { HostTable } from "./host-table.js";
import { InputTable } from "./input-table.js";
import { type LocalEnd, LocalRuns } from "./local-runs.js";
import { Placing } from "./placing.js";
import { endText } from "./run-end.js";
import { type FailureCode, Settlement } from "./settlement.js";

export interface BuildListener {
  succeeded(state: ActionState): void;
  failed(state: ActionState, code: FailureCode, message: string): void;
}

export class BuildParts {
  readonly hosts: HostTable;
  readonly inputs: InputTable;
  readonly locals: LocalRuns;
  readonly lookUps: CacheLookUps;
  readonly placing: Placing;
  readonly settlement: Settlement;
  readonly #context: BuildContext;
  readonly #listener: BuildListener;
  /** Of the set that is being built, by their index. */
  #states: ReadonlyMap<number, ActionState> = new Map();
  /** Nothing more begins. */
  #isStopped = false;

  constructor(context: BuildContext, listener: BuildListener) {
    this.#context = context;
    this.#listener = listener;
    this.hosts = new HostTable(context);
    this.inputs = new InputTable(context, {
      ready: (action) => this.#ready(action),
      unreadable: (action, message) => this.#unreadable(action, message),
    });
    this.locals = new LocalRuns(context, (state, end) => this.#localEnded(state, end));
    this.lookUps = new CacheLookUps(context, this.hosts, {
      found: (state, attempt, outputs) => this.#found(state, attempt, outputs),
      notFound: (state) => {
        if (!this.#isStopped) this.placing.addAgain(state);
      },
    });
    this.placing = new Placing(context, this.hosts, {
      place: (state, offer, isSpeculative) => this.settlement.place(state, offer, isSpeculative),
      lookUp: (state) => this.lookUps.ask(state),
      starved: ({ state, why, mayFallBack }) => this.#exhausted(state, why, mayFallBack),
    });
    this.settlement = new Settlement(context, this.hosts, {
      runs: (state, isRunning) => this.placing.runs(state, isRunning),
      over: (state) => this.placing.drop(state),
      again: (state, changed) => this.#again(state, changed),
      exhausted: (state, why) => this.#exhausted(state, `the last attempt: ${why}`, true),
      succeeded: (state) => listener.succeeded(state),
      failed: (state, code, message) => listener.failed(state, code, message),
    });
  }

  /** All its actions at once (R3). */
  beginSet(states: ReadonlyMap<number, ActionState>): void {
    this.#states = states;
    this.inputs.clear();
    for (const { action } of states.values()) this.inputs.want(action);
  }

  /** Cancels all that is not being committed (R37, R38). */
  stop(): void {
    this.#isStopped = true;
    this.hosts.stop();
    this.inputs.clear();
    this.placing.dropAll();
    this.locals.cancel();
    for (const state of this.#states.values()) if (!state.isOver) this.settlement.cancel(state);
  }

  /** Whether nothing is left that a stopped build waits for. */
  get isStill(): boolean {
    return (
      this.locals.count === 0 && this.settlement.commits === 0 && this.hosts.all.every((host) => host.running === 0)
    );
  }

  tick(): void {
    this.hosts.tick();
    this.settlement.tick();
    this.inputs.tick();
    this.locals.tick();
    this.lookUps.tick();
    for (const [id, upload] of [...this.#context.reads]) if (this.#context.reads.get(id) === upload) upload.tick();
    if (!this.#isStopped) this.placing.run();
  }

  nextDeadline(): number {
    return Math.min(
      this.hosts.nextDeadline(),
      this.settlement.nextDeadline(),
      this.inputs.nextDeadline(),
      this.locals.nextDeadline(),
      this.lookUps.nextDeadline(),
      this.placing.nextDeadline(),
    );
  }

  #ready(index: number): void {
    const state = this.#states.get(index);
    if (state === undefined || state.status !== "new") return;
    state.inputs = this.inputs.of(state.action);
    if (!state.action.remote) this.locals.want(state, "local");
    else if (state.attempts > 0) this.placing.addAgain(state);
    else this.placing.add(state);
  }

  #unreadable(index: number, message: string): void {
    const state = this.#states.get(index);
    if (state !== undefined && !state.isOver) this.settlement.fail(state, "INPUT", message);
  }

  #again(state: ActionState, changed: ReadonlySet<string>): void {
    if (changed.size === 0) return this.placing.addAgain(state);
    state.status = "new";
    this.inputs.want(state.action, changed);
  }

  #exhausted(state: ActionState, why: string, mayFallBack: boolean): void {
    if (mayFallBack && this.#context.settings.localFallback) {
      this.placing.drop(state);
      return this.locals.want(state, "fallback");
    }
    this.settlement.fail(state, "NO_HOST", why);
  }

  #found(state: ActionState, attempt: number, outputs: readonly string[]): void {
    if (this.#isStopped) this.#context.do({ type: "discard", attempt });
    else this.settlement.commitCached(state, attempt, outputs);
  }

  #localEnded(state: ActionState, { attempt, why, end, made }: LocalEnd): void {
    const isSuccess = end.end === "EXITED" && end.code === 0;
    if (why === "fallback") {
      if (isSuccess && !this.#isStopped) return this.settlement.commitMade(state, attempt, made);
      this.#context.do({ type: "discard", attempt });
    } else if (isSuccess) {
      state.status = "succeeded";
      this.#context.tell({ type: "actionSucceeded", action: state.action.index, attempt });
      return this.#listener.succeeded(state);
    }
    if (end.end !== "CANCELLED" && !isSuccess)
      this.settlement.fail(state, "ACTION_FAILED", `${endText(end)} on this machine`);
  }
}

/** What runs on the client's own machine: local actions, and those that no host can run (docs/rake.md R2, R32, R38). */

import type { ActionState } from "./action-state.js";
import { type BuildContext, NEVER } from "./build-context.js";
import type { ClientOutput, MadeHere } from "./client-contract.js";
import type { RunEnd } from "./messages.js";

interface LocalRun {
  readonly attempt: number;
  readonly state: ActionState;
  readonly why: LocalWhy;
  /** It is killed then, hard: its timeout, or `killMs` after a cancel. */
  killAt: number;
  /** Its end is not waited for any longer. */
  goneAt: number;
  isStarted: boolean;
  /** Why it was killed. */
  killed: "TIMED_OUT" | "CANCELLED" | undefined;
}

export type LocalWhy = "local" | "fallback";

/** What became of one. */
export interface LocalEnd {
  readonly attempt: number;
  readonly why: LocalWhy;
  readonly end: RunEnd;
  readonly made: readonly MadeHere[];
}

export class LocalRuns {
  readonly #context: BuildContext;
  readonly #ended: (state: ActionState, end: LocalEnd) => void;
  readonly #waiting: { readonly state: ActionState; readonly why: LocalWhy }[] = [];
  readonly #running = new Map<number, LocalRun>();

  constructor(context: BuildContext, ended: (state: ActionState, end: LocalEnd) => void) {
    this.#context = context;
    this.#ended = ended;
  }

  get count(): number {
    return this.#running.size;
  }

  /** As soon as a slot is free. */
  want(state: ActionState, why: LocalWhy): void {
    state.status = "waiting";
    this.#waiting.push({ state, why });
    this.#start();
  }

  /** Nothing more begins; what runs is told to end. */
  cancel(): void {
    this.#waiting.length = 0;
    for (const run of this.#running.values()) {
      if (run.killed !== undefined) continue;
      run.killed = "CANCELLED";
      run.killAt = this.#context.now + this.#context.settings.killMs;
      this.#context.do({ type: "killLocal", attempt: run.attempt, hard: false });
    }
  }

  /** It is not waited for. */
  abandon(): void {
    for (const { attempt, why } of this.#running.values()) {
      this.#context.do({ type: "killLocal", attempt, hard: true });
      if (why === "fallback") this.#context.do({ type: "discard", attempt });
    }
    this.#running.clear();
  }

  started(attempt: number): void {
    const run = this.#running.get(attempt);
    if (run === undefined || run.isStarted) return;
    run.isStarted = true;
    this.#context.tell({ type: "started", action: run.state.action.index, attempt });
  }

  ended(attempt: number, end: RunEnd, made: readonly MadeHere[] = []): void {
    const run = this.#running.get(attempt);
    if (run === undefined) return;
    this.#running.delete(attempt);
    const told = run.killed === undefined ? end : { ...end, end: run.killed, code: 0 };
    this.#context.tell({ type: "ended", action: run.state.action.index, attempt, end: told });
    this.#ended(run.state, { attempt, why: run.why, end: told, made });
    this.#start();
  }

  tick(): void {
    const { now, settings } = this.#context;
    for (const run of [...this.#running.values()]) {
      if (now >= run.goneAt) {
        this.ended(run.attempt, { ...NOTHING, text: "it did not end when it was killed" });
      } else if (now >= run.killAt) {
        run.killed ??= "TIMED_OUT";
        run.killAt = NEVER;
        run.goneAt = now + settings.killMs;
        this.#context.do({ type: "killLocal", attempt: run.attempt, hard: true });
      }
    }
  }

  nextDeadline(): number {
    let soonest = NEVER;
    for (const { killAt, goneAt } of this.#running.values()) soonest = Math.min(soonest, killAt, goneAt);
    return soonest;
  }

  #start(): void {
    while (this.#running.size < this.#context.settings.localSlots) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      const { state, why } = next;
      if (state.isOver) continue;
      const attempt = this.#context.draw();
      const { index, command, timeoutMs } = state.action;
      const killAt = timeoutMs === undefined ? NEVER : this.#context.now + timeoutMs;
      this.#running.set(attempt, { attempt, state, why, killAt, goneAt: NEVER, isStarted: false, killed: undefined });
      state.status = "running";
      const expectedMs = state.knownMs(this.#context);
      this.#context.tell({ type: "placed", action: index, attempt, where: "local", expectedMs, why });
      const apart = why === "fallback" ? { apart: apartOf(state) } : {};
      this.#context.do({ type: "runLocal", attempt, action: index, command, ...apart });
    }
  }
}

/** As at a host: with its inputs alone. */
function apartOf({ action, inputs }: ActionState): NonNullable<Extract<ClientOutput, { type: "runLocal" }>["apart"]> {
  return { inputs: inputs.map(({ path, digest, mode }) => ({ path, digest, mode })), wanted: action.produces };
}

const NOTHING: RunEnd = { end: "FAILED", code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };

/** Actions of a build over v1 that run on the client's own machine (R2, R37, R38). */
import type { BuildSettings } from "../core/build-options.js";
import type { RunEnd } from "../core/messages.js";
import type { Action } from "../core/plan.js";
import { endText } from "../core/run-end.js";
import type { BuildFolder } from "./build-folder.js";
import { Gate } from "./gate.js";
import { LocalRuns } from "./local-runs.js";
import type { Screen } from "./screen.js";
import { ActionFailure, type Tell } from "./v1-outcome.js";

export interface V1LocalsOptions {
  readonly settings: BuildSettings;
  readonly folder: BuildFolder;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly tell: Tell;
}

export class V1Locals {
  readonly #options: V1LocalsOptions;
  readonly #runs: LocalRuns;
  readonly #slots: Gate;
  /** By the number of the attempt. */
  readonly #actions = new Map<number, number>();
  readonly #ends = new Map<number, (end: RunEnd) => void>();

  constructor(options: V1LocalsOptions) {
    const { settings, folder, screen, tell } = options;
    this.#options = options;
    this.#slots = new Gate(settings.localSlots);
    this.#runs = new LocalRuns(folder, screen, {
      started: (attempt) => tell({ type: "started", action: this.#actions.get(attempt) ?? 0, attempt }),
      ended: (attempt, end) => this.#ends.get(attempt)?.(end),
    });
  }

  /** Resolves with the attempt where it succeeded. @throws ActionFailure */
  async run(action: Action, attempt: number, why: "local" | "fallback"): Promise<number> {
    const { tell } = this.#options;
    const leave = await this.#slots.enter();
    try {
      this.#checkCancelled();
      this.#actions.set(attempt, action.index);
      tell({ type: "placed", action: action.index, attempt, where: "local", expectedMs: 0, why });
      const end = await this.#ended(action, attempt);
      tell({ type: "ended", action: action.index, attempt, end });
      this.#checkCancelled();
      if (end.end !== "EXITED" || end.code !== 0) {
        throw new ActionFailure("ACTION_FAILED", `${endText(end)} on this machine`);
      }
      return attempt;
    } finally {
      leave();
    }
  }

  async close(): Promise<void> {
    await this.#runs.close();
  }

  async #ended({ index, command, timeoutMs }: Action, attempt: number): Promise<RunEnd> {
    const { settings, signal } = this.#options;
    let killed: "TIMED_OUT" | "CANCELLED" | undefined;
    const timers: NodeJS.Timeout[] = [];
    const cancel = (): void => {
      killed ??= "CANCELLED";
      this.#runs.kill(attempt, false);
      timers.push(setTimeout(() => this.#runs.kill(attempt, true), settings.killMs));
    };
    const timeOut = (): void => {
      killed ??= "TIMED_OUT";
      this.#runs.kill(attempt, true);
    };
    try {
      const ended = new Promise<RunEnd>((resolve) => this.#ends.set(attempt, resolve));
      this.#runs.run(attempt, index, command);
      if (timeoutMs !== undefined) timers.push(setTimeout(timeOut, timeoutMs));
      signal.addEventListener("abort", cancel, { once: true });
      const end = await ended;
      return killed === undefined ? end : { ...end, end: killed, code: 0 };
    } finally {
      for (const timer of timers) clearTimeout(timer);
      signal.removeEventListener("abort", cancel);
      this.#ends.delete(attempt);
    }
  }

  #checkCancelled(): void {
    if (this.#options.signal.aborted) throw new ActionFailure("CANCELLED", "cancelled");
  }
}

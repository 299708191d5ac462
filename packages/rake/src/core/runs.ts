/** The runs of a server, from `start` to `removed` (docs/rake.md R22 to R26). */

import type { Pins } from "./pins.js";
import { Run } from "./run.js";
import type { RunOrder, RunOwner } from "./run-owner.js";
import type { ServerContext } from "./server-context.js";
import type { ServerInput } from "./server-contract.js";
import type { Slot } from "./slots.js";

export type RunInput = Extract<ServerInput, { readonly run: number }>;

export class Runs {
  readonly #runs = new Map<number, Run>();

  get count(): number {
    return this.#runs.size;
  }

  start(context: ServerContext, order: RunOrder, owner: RunOwner, slot: Slot, pins: Pins): Run {
    const run = new Run(context, context.newId(), order, owner, slot, pins);
    this.#runs.set(run.id, run);
    return run;
  }

  /** Of a run that is not there any more: nothing. */
  handle(context: ServerContext, input: RunInput, now: number): void {
    const run = this.#runs.get(input.run);
    if (run === undefined) return;
    switch (input.type) {
      case "started":
        return run.started(now);
      case "startFailed":
        return run.startFailed(input.message, input.gone, now);
      case "printed":
        return run.printed(input.stream, input.bytes, now);
      case "streamEnded":
        return run.streamEnded(input.stream);
      case "ended":
        return run.ended(input.end);
      case "collected":
        return run.collected(input.outputs, now);
      case "collectFailed":
        return run.collectFailed(input.message, input.limited);
      case "outputBytes":
        return run.outputBytes(input.index, input.bytes, now);
      case "outputFailed":
        return run.outputFailed(input.index, input.message, now);
      case "removed":
        this.#runs.delete(run.id);
        context.out.event({ type: "removed", run: run.id });
        return run.removed(now);
    }
  }

  tick(now: number): void {
    for (const run of this.#runs.values()) run.tick(now);
  }

  deadline(): number {
    let at = Number.POSITIVE_INFINITY;
    for (const run of this.#runs.values()) at = Math.min(at, run.deadline());
    return at;
  }
}

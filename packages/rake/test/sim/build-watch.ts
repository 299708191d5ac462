/** The oracles of a build: what is committed, shown and told, held against a build on one machine (`build-model.ts`). */
import type { BuildEvent, BuildResult, StreamName } from "../../src/core/index.js";
import type { BuildModel } from "./build-model.js";
import { difference, type Folder } from "./files.js";
import { Violation } from "./violation.js";

export interface Allowed {
  readonly maxAttempts: number;
  /** The result must be that of a build on one machine. */
  readonly mustEnd: boolean;
  readonly isCancelled: boolean;
  /** The client's own disk failed for some time. */
  readonly diskFailed: boolean;
}

export class BuildWatch {
  readonly model: BuildModel;
  result: BuildResult | undefined;
  readonly #allowed: Allowed;
  readonly #met: (what: string) => void;
  readonly #actionOf = new Map<number, number>();
  /** Attempts at hosts that count (R32), by action. */
  readonly #attempts = new Map<number, number>();
  readonly #shown = new Map<number, Record<StreamName, Uint8Array[]>>();
  readonly #wonBy = new Map<number, number>();

  constructor(model: BuildModel, allowed: Allowed, met: (what: string) => void) {
    this.model = model;
    this.#allowed = allowed;
    this.#met = met;
  }

  event(event: BuildEvent): void {
    switch (event.type) {
      case "setStarted":
        return this.#begin(event.set);
      case "placed":
        this.#met(`placed: ${event.why}`);
        return this.#placed(event.action, event.attempt, event.where);
      case "attemptLost":
        this.#met(`attempt lost: ${reasonOf(event.why)}`);
        if (event.why === "the reservation had expired") this.#count(event.action, -1);
        return;
      case "actionSucceeded":
        this.#wonBy.set(event.action, event.attempt);
        if (!this.model.done.has(event.action))
          this.#fault("A", `action ${event.action} succeeded without its outputs`);
        return this.#mustShow(event.action, event.attempt);
      case "actionFailed":
        return this.#met("actions failed");
      case "won":
        return this.#met(event.others > 0 ? "won: with others behind it" : "won: after another failed");
      case "hostLost":
        return this.#met(`host lost: ${reasonOf(event.why)}`);
      case "ended":
        return this.#met(`ended: ${event.end.end}`);
    }
  }

  /** An attempt's outputs are renamed into their places. */
  committed(attempt: number, outputs: Folder): void {
    const action = this.#actionOf.get(attempt) ?? -1;
    const effect = this.model.effect(action);
    if (effect === undefined) this.#fault("R3", `outputs of action ${action}, which is not of the set that is built`);
    if (this.model.done.has(action)) this.#fault("C", `the outputs of action ${action} are taken twice`);
    if (!this.model.succeeds(action)) this.#fault("A", `outputs of action ${action} are taken, and it fails`);
    const fault = difference(outputs, effect?.outputs ?? new Map());
    if (fault !== undefined) this.#fault("D", `of the outputs of action ${action} ${fault}`);
    this.model.take(action);
  }

  ranHere(action: number, succeeded: boolean): void {
    if (this.model.done.has(action)) this.#fault("C", `action ${action} has its effects again, on this machine`);
    if (succeeded) this.model.take(action);
  }

  shown(attempt: number, stream: StreamName, bytes: Uint8Array): void {
    const shown = this.#shown.get(attempt) ?? { stdout: [], stderr: [] };
    this.#shown.set(attempt, shown);
    shown[stream].push(bytes.slice());
  }

  finished(result: BuildResult, folder: Folder): void {
    this.result = result;
    this.#met(`build: ${result.code || result.outcome}`);
    const { isCancelled, diskFailed, mustEnd } = this.#allowed;
    const { model } = this;
    const fault = difference(folder, model.folder);
    if (fault !== undefined) this.#fault("D", `in the folder ${fault}`);
    if (result.outcome === "succeeded") {
      if (!model.isComplete) this.#fault("A", "the build succeeded, and not all actions did");
      return;
    }
    const fails = model.left.some((action) => !model.succeeds(action));
    switch (result.code) {
      case "CANCELLED":
        if (!isCancelled) this.#fault("R38", "nobody has cancelled the build");
        return;
      case "ACTION_FAILED":
        if (!fails) this.#fault("result", `no action fails where it runs: ${result.message}`);
        return this.#mustShowFailed(result.message);
      case "INPUT":
      case "OUTPUT":
        if (!diskFailed) this.#fault("result", `the client's disk did not fail: ${result.code}: ${result.message}`);
        return;
      default:
        if (mustEnd) this.#fault("result", `one was left to run it: ${result.code}: ${result.message}`);
    }
  }

  #begin(set: number): void {
    const { model } = this;
    if (set !== model.set + 1) this.#fault("R3", `set ${set} begins behind set ${model.set}`);
    if (model.left.length > 0) this.#fault("R3", `set ${set} begins before actions ${model.left} have succeeded`);
    model.begin(set);
  }

  #placed(action: number, attempt: number, where: unknown): void {
    this.#actionOf.set(attempt, action);
    if (this.model.setOf(action) !== this.model.set) this.#fault("R3", `action ${action} is placed before its set`);
    if (this.model.done.has(action)) this.#fault("C", `action ${action} is placed, and its outputs were taken`);
    if (typeof where !== "object") return;
    const attempts = this.#count(action, 1);
    if (attempts > this.#allowed.maxAttempts) this.#fault("R32", `action ${action} has ${attempts} attempts`);
  }

  #count(action: number, by: number): number {
    const count = (this.#attempts.get(action) ?? 0) + by;
    this.#attempts.set(action, count);
    return count;
  }

  /** R36: whole, from the attempt that won. */
  #mustShow(action: number, attempt: number): void {
    const effect = this.model.effect(action);
    for (const stream of ["stdout", "stderr"] as const) {
      const shown = concatenated(this.#shown.get(attempt)?.[stream] ?? []);
      const expected = effect?.[stream] ?? shown;
      if (Buffer.compare(shown, expected) === 0) continue;
      this.#fault("R36", `action ${action} printed ${expected.length} bytes to ${stream}, ${shown.length} were shown`);
    }
  }

  #mustShowFailed(message: string): void {
    for (const [action, effect] of this.model.left.map((one) => [one, this.model.effect(one)] as const)) {
      const line = this.model.plan.sets.flatMap(({ actions }) => actions).find(({ index }) => index === action)?.line;
      const isTold = message.split("\n").some((one) => one.startsWith(`line ${line}: exit code `));
      if (!isTold || effect === undefined) continue;
      const attempts = [...this.#actionOf].filter(([, of]) => of === action).map(([attempt]) => attempt);
      const isShown = attempts.some((attempt) => {
        const { stdout = [], stderr = [] } = this.#shown.get(attempt) ?? {};
        return (
          Buffer.compare(concatenated(stdout), effect.stdout) === 0 &&
          Buffer.compare(concatenated(stderr), effect.stderr) === 0
        );
      });
      if (!isShown) this.#fault("R37", `action ${action} failed, and what it printed was not shown whole`);
    }
  }

  #fault(oracle: string, message: string): never {
    throw new Violation(oracle, message);
  }
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces));
}

/** Without what is different each time. */
function reasonOf(why: string): string {
  return why.replaceAll(/\d+|[0-9a-f]{8,}|o#?\/\S*/g, "#").slice(0, 60);
}

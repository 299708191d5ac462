/** The client's machine: builds a plan, set after set (docs/rake.md R2, R3, R28 to R40, R51 to R54). */

import { ActionState } from "./action-state.js";
import { BuildContext } from "./build-context.js";
import { type BuildMachineOptions, resolveBuildOptions } from "./build-options.js";
import { BuildParts } from "./build-parts.js";
import type { BuildResult, ClientInput, ClientOutput, Learned } from "./client-contract.js";
import { LearnedTable } from "./learned.js";
import { OutputPlaces } from "./output-places.js";
import type { Plan } from "./plan.js";
import { checkPlan } from "./plan-check.js";
import type { Platform } from "./platform.js";
import type { FailureCode } from "./settlement.js";

/** For tests, and for who asks whether anything is left open. */
export interface BuildView {
  readonly hostsUp: number;
  /** Attempts at hosts, those included that are being cancelled. */
  readonly running: number;
  /** Offers that may hold a reservation. */
  readonly held: number;
  readonly localRuns: number;
  readonly commits: number;
  readonly reads: number;
}

/** Failures that a result's message lists. */
const MAX_LISTED = 20;

interface Failure {
  readonly code: FailureCode;
  readonly text: string;
}

export class BuildMachine {
  readonly #context: BuildContext;
  readonly #parts: BuildParts;
  readonly #failures: Failure[] = [];
  readonly #total: number;
  #state: "new" | "building" | "stopping" | "finished" = "new";
  /** Index of the set that is being built. */
  #set = -1;
  /** Its actions that are not over. */
  #left = 0;
  #succeeded = 0;
  #failed = 0;
  #wasCancelled = false;
  /** A build that stops waits no longer than until then. */
  #stopBy = 0;

  /**
   * @param learned what the last build learned (R30)
   * @throws TypeError or RangeError for a wrong option, or a plan that no parser makes
   */
  constructor(plan: Plan, options: BuildMachineOptions, platform: Platform, learned?: Learned) {
    checkPlan(plan);
    this.#context = new BuildContext(plan, resolveBuildOptions(options), platform, new LearnedTable(learned));
    this.#total = plan.sets.reduce((sum, { actions }) => sum + actions.length, 0);
    this.#parts = new BuildParts(this.#context, {
      succeeded: () => {
        this.#succeeded++;
        this.#left--;
      },
      failed: (state, code, message) => {
        this.#failed++;
        this.#left--;
        this.#failures.push({ code, text: `line ${state.action.line}: ${message}` });
      },
    });
  }

  /** What is to be kept for the next build (R30). */
  get learned(): Learned {
    return this.#context.learned.toJSON();
  }

  view(): BuildView {
    const { hosts, locals, settlement } = this.#parts;
    return {
      hostsUp: hosts.all.filter((host) => host.isUp).length,
      running: hosts.all.reduce((sum, { running }) => sum + running, 0),
      held: hosts.all.reduce((sum, { held }) => sum + held, 0),
      localRuns: locals.count,
      commits: settlement.commits,
      reads: this.#context.reads.size,
    };
  }

  handle(now: number, input: ClientInput): ClientOutput[] {
    if (this.#state === "finished") return [];
    this.#context.now = Math.max(this.#context.now, now);
    if (input.type === "begin") this.#begin();
    else if (this.#state !== "new" || input.type === "cancel") this.#input(input);
    if (this.#state !== "new") this.#go();
    return this.#context.take();
  }

  nextDeadline(): number | undefined {
    if (this.#state === "new" || this.#state === "finished") return undefined;
    const deadline = Math.min(this.#parts.nextDeadline(), this.#state === "stopping" ? this.#stopBy : Infinity);
    return Number.isFinite(deadline) ? deadline : undefined;
  }

  #input(input: Exclude<ClientInput, { readonly type: "begin" }>): void {
    const { hosts, inputs, locals, lookUps, settlement } = this.#parts;
    switch (input.type) {
      case "connected":
        return hosts.connected(input.link);
      case "data":
        return hosts.data(input.link, input.bytes);
      case "full":
      case "drained":
        return hosts.full(input.link, input.type === "full");
      case "closed":
        return hosts.closed(input.link, input.why);
      case "tick":
        return;
      case "hashed":
        return inputs.hashed(input.id, input.digest, input.size, input.mode);
      case "hashFailed":
        return inputs.failed(input.id, input.message);
      case "inputBytes":
        return this.#read(input.id)?.read(input.id, input.bytes);
      case "inputFailed":
        return this.#read(input.id)?.unreadable(input.id, input.message);
      case "localStarted":
        return locals.started(input.attempt);
      case "localEnded":
        return locals.ended(input.attempt, input.end, input.made);
      case "took":
        return settlement.of(input.attempt)?.took(input.bytes);
      case "outputWritten":
        return settlement.of(input.attempt)?.written(input.path, input.digest);
      case "outputFailed":
        return settlement.of(input.attempt)?.unwritten(input.path, input.message);
      case "committed":
        return settlement.committed(input.attempt);
      case "commitFailed":
        return settlement.commitFailed(input.attempt, input.message);
      case "found":
        return lookUps.found(input.id, input.key, input.outputs);
      case "notFound":
        return lookUps.notFound(input.id);
      case "cancel":
        return this.#cancel();
    }
  }

  #read(id: number) {
    const upload = this.#context.reads.get(id);
    this.#context.reads.delete(id);
    return upload;
  }

  #begin(): void {
    if (this.#state !== "new") return;
    this.#state = "building";
    const isRemote = this.#context.plan.sets.some(({ actions }) => actions.some(({ remote }) => remote));
    if (isRemote) this.#parts.hosts.connectAll();
  }

  /** Until nothing more can be done without a further input. */
  #go(): void {
    if (this.#state === "building") this.#sets();
    this.#parts.tick();
    if (this.#state === "building") this.#sets();
    const isEnough = this.#parts.isStill || this.#context.now >= this.#stopBy;
    if (this.#state === "stopping" && isEnough) this.#finish();
  }

  /** Ends sets and begins the next ones, as far as there is nothing to wait for. */
  #sets(): void {
    const { settings, plan } = this.#context;
    while (this.#state === "building") {
      if (this.#failed > 0 && settings.failFast) return this.#stop();
      if (this.#left > 0) return;
      if (this.#set >= 0) this.#context.tell({ type: "setEnded", set: this.#set, succeeded: this.#failed === 0 });
      if (this.#failed > 0 || this.#set + 1 >= plan.sets.length) return this.#finish(true);
      this.#beginSet(this.#set + 1);
    }
  }

  #beginSet(index: number): void {
    const { actions } = this.#context.plan.sets[index] as Plan["sets"][number];
    this.#set = index;
    this.#left = actions.length;
    this.#context.tell({ type: "setStarted", set: index });
    this.#parts.settlement.places = new OutputPlaces(actions);
    this.#parts.beginSet(new Map(actions.map((action) => [action.index, new ActionState(action)])));
  }

  /** A second one waits for nothing (R38). */
  #cancel(): void {
    const isSecond = this.#wasCancelled;
    this.#wasCancelled = true;
    if (isSecond) return this.#finish();
    this.#stop();
  }

  #stop(): void {
    if (this.#state === "building") this.#parts.stop();
    this.#state = "stopping";
    this.#stopBy = this.#context.now + this.#context.settings.cancelMs;
  }

  #finish(isSetEnded = false): void {
    if (this.#state === "finished") return;
    if (this.#state === "building" && !isSetEnded) this.#parts.stop();
    if (!isSetEnded && this.#set >= 0) this.#context.tell({ type: "setEnded", set: this.#set, succeeded: false });
    this.#state = "finished";
    this.#parts.locals.abandon();
    this.#parts.hosts.close();
    this.#context.do({ type: "finished", result: this.#result() });
  }

  #result(): BuildResult {
    const succeeded = this.#succeeded;
    const failed = this.#failed;
    const counts = { succeeded, failed, notRun: this.#total - succeeded - failed };
    if (this.#wasCancelled)
      return { outcome: "cancelled", code: "CANCELLED", message: "the build was cancelled", ...counts };
    const [first] = this.#failures;
    if (first === undefined) return { outcome: "succeeded", code: "", message: "", ...counts };
    const listed = this.#failures.slice(0, MAX_LISTED).map(({ text }) => text);
    if (listed.length < failed) listed.push(`and ${failed - listed.length} more`);
    return { outcome: "failed", code: first.code, message: listed.join("\n"), ...counts };
  }
}

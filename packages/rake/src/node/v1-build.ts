/** A build at servers of v1 (R8, R9): a quote of each host, the lowest cost first, one connection for each action. */
import { performance } from "node:perf_hooks";
import { type BuildSettings, resolveBuildOptions } from "../core/build-options.js";
import type { BuildEvent, BuildResult } from "../core/client-contract.js";
import type { Dialect } from "../core/first-bytes.js";
import { OutputPlaces } from "../core/output-places.js";
import type { Action, ActionSet } from "../core/plan.js";
import { type BuildReport, ReportBuilder } from "../core/report.js";
import type { BuildFolder } from "./build-folder.js";
import type { BuildSetting } from "./build-options.js";
import { Screen } from "./screen.js";
import { V1Actions } from "./v1-actions.js";
import { ActionFailure, type FailureCode, type Told } from "./v1-outcome.js";

const MAX_LISTED = 20;

export class V1Build {
  readonly #setting: BuildSetting;
  readonly #settings: BuildSettings;
  readonly #actions: V1Actions;
  readonly #screen: Screen;
  readonly #abort = new AbortController();
  readonly #failures: { readonly code: FailureCode; readonly text: string }[] = [];
  readonly #report: ReportBuilder;
  #succeeded = 0;
  #isCancelled = false;
  /** What a listener of the caller's threw. */
  #broken: { readonly error: unknown } | undefined;

  constructor(setting: BuildSetting, folder: BuildFolder, dialect: Dialect) {
    this.#setting = setting;
    this.#settings = resolveBuildOptions(setting.machine);
    this.#report = new ReportBuilder(setting.plan);
    this.#screen = new Screen(async (shown) => {
      try {
        await setting.show(shown);
      } catch (error) {
        this.#break(error);
      }
    });
    this.#actions = new V1Actions({
      plan: setting.plan,
      settings: this.#settings,
      folder,
      dialect,
      screen: this.#screen,
      signal: this.#abort.signal,
      tell: (event) => this.#tell(event),
    });
  }

  /** Resolves when the build is over and nothing of it is left. Once. @throws what `onEvent` or `show` throws */
  async run(): Promise<BuildReport> {
    const { signal, plan } = this.#setting;
    const cancel = (): void => {
      this.#isCancelled = true;
      this.#abort.abort();
    };
    if (signal?.aborted === true) cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      for (const [index, set] of plan.sets.entries()) {
        if (this.#isCancelled || this.#failures.length > 0) break;
        await this.#set(index, set);
      }
    } finally {
      signal?.removeEventListener("abort", cancel);
      await this.#actions.close();
      await this.#screen.settled();
    }
    if (this.#broken !== undefined) throw this.#broken.error;
    return { ...this.#report.report, endedAt: performance.now(), result: this.#result() };
  }

  async #set(index: number, { actions }: ActionSet): Promise<void> {
    this.#tell({ type: "setStarted", set: index });
    const places = new OutputPlaces(actions);
    await Promise.all(actions.map((action) => this.#action(action, places)));
    this.#tell({ type: "setEnded", set: index, succeeded: this.#failures.length === 0 && !this.#isCancelled });
  }

  async #action(action: Action, places: OutputPlaces): Promise<void> {
    try {
      const attempt = await this.#actions.run(action, places);
      this.#succeeded++;
      this.#tell({ type: "actionSucceeded", action: action.index, attempt });
    } catch (error) {
      const code = error instanceof ActionFailure ? error.code : "OUTPUT";
      if (code === "CANCELLED") return;
      const message = error instanceof Error ? error.message : String(error);
      this.#failures.push({ code, text: `line ${action.line}: ${message}` });
      this.#tell({ type: "actionFailed", action: action.index, message });
      if (this.#settings.failFast) this.#abort.abort();
    }
  }

  #tell(event: Told): void {
    const told = { at: performance.now(), ...event } as BuildEvent;
    this.#report.add(told);
    try {
      this.#setting.onEvent(told);
    } catch (error) {
      this.#break(error);
    }
  }

  #break(error: unknown): void {
    this.#broken ??= { error };
    this.#isCancelled = true;
    this.#abort.abort();
  }

  #result(): BuildResult {
    const succeeded = this.#succeeded;
    const failed = this.#failures.length;
    const total = this.#setting.plan.sets.reduce((sum, { actions }) => sum + actions.length, 0);
    const counts = { succeeded, failed, notRun: total - succeeded - failed };
    if (this.#isCancelled) {
      return { outcome: "cancelled", code: "CANCELLED", message: "the build was cancelled", ...counts };
    }
    const [first] = this.#failures;
    if (first === undefined) return { outcome: "succeeded", code: "", message: "", ...counts };
    const listed = this.#failures.slice(0, MAX_LISTED).map(({ text }) => text);
    if (failed > listed.length) listed.push(`and ${failed - listed.length} more`);
    return { outcome: "failed", code: first.code, message: listed.join("\n"), ...counts };
  }
}

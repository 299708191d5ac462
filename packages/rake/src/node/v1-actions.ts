/** The actions of a build over v1: where each runs, and what comes of it (R2, R9, R32, R35, R37). */
import { statSync } from "node:fs";
import { basename, join } from "node:path";
import { performance } from "node:perf_hooks";
import type { BuildSettings } from "../core/build-options.js";
import type { Dialect } from "../core/first-bytes.js";
import type { RunEnd } from "../core/messages.js";
import type { OutputPlaces } from "../core/output-places.js";
import type { Action, Plan } from "../core/plan.js";
import { endText } from "../core/run-end.js";
import { v1NameFault } from "../core/v1-codec.js";
import type { BuildFolder } from "./build-folder.js";
import { inputTrouble } from "./file-digests.js";
import { Gate } from "./gate.js";
import type { Screen } from "./screen.js";
import { messageOf } from "./trouble.js";
import { attemptAt, type V1Outcome } from "./v1-attempt.js";
import { type V1Bounds, V1Connection } from "./v1-connection.js";
import { quote } from "./v1-exchange.js";
import { V1Host } from "./v1-hosts.js";
import { V1Locals } from "./v1-locals.js";
import { ActionFailure, type Tell } from "./v1-outcome.js";

export interface V1ActionsOptions {
  readonly plan: Plan;
  readonly settings: BuildSettings;
  readonly folder: BuildFolder;
  readonly dialect: Dialect;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  readonly tell: Tell;
}

/** Servers of others hold few connections at once. */
const MAX_AT_A_HOST = 8;
/** Of what a failed action printed (R9). */
const MAX_STRING_BYTES = 16 * 1_048_576;
const NOTHING: RunEnd = { end: "EXITED", code: 0, cpuMicros: 0, peakBytes: 0, wallMicros: 0, text: "" };

export class V1Actions {
  readonly #options: V1ActionsOptions;
  readonly #hosts: readonly V1Host[];
  readonly #bounds: V1Bounds;
  readonly #locals: V1Locals;
  /** From the quote to the command: what is placed at a host shows in its next quote. */
  readonly #placing: Gate;
  readonly #running: Gate;
  #drawn = 0;

  constructor(options: V1ActionsOptions) {
    const { plan, settings } = options;
    this.#options = options;
    this.#hosts = plan.hosts.map((address, index) => new V1Host(index, address, settings));
    this.#placing = new Gate(settings.maxQuoting);
    this.#running = new Gate(Math.max(1, MAX_AT_A_HOST * this.#hosts.length));
    this.#bounds = {
      dialect: options.dialect,
      connectMs: settings.connectMs,
      idleMs: settings.stallMs,
      maxFileBytes: settings.maxOutputBytes,
      maxStringBytes: MAX_STRING_BYTES,
    };
    this.#locals = new V1Locals(options);
  }

  /** Resolves with the attempt that succeeded. @throws ActionFailure */
  async run(action: Action, places: OutputPlaces): Promise<number> {
    this.#checkInputs(action);
    if (!action.remote) return await this.#runHere(action, "local");
    const leave = await this.#running.enter();
    try {
      return await this.#runThere(action, places);
    } finally {
      leave();
    }
  }

  async close(): Promise<void> {
    await this.#locals.close();
  }

  #checkInputs({ requires, remote }: Action): void {
    const names = new Map<string, string>();
    for (const path of new Set(requires)) {
      try {
        const stat = statSync(join(this.#options.folder.root, path));
        if (!stat.isFile()) throw new Error(stat.isDirectory() ? "it is a folder" : "it is no regular file");
      } catch (error) {
        throw new ActionFailure("INPUT", `${path}: ${inputTrouble(error)}`);
      }
      if (!remote) continue;
      const name = basename(path);
      const fault = v1NameFault(name);
      if (fault !== undefined) throw new ActionFailure("INPUT", `${path}: its name ${fault}`);
      const other = names.get(name);
      if (other !== undefined) {
        throw new ActionFailure("INPUT", `${other} and ${path} have one name, and v1 sends names without folders`);
      }
      names.set(name, path);
    }
  }

  async #runThere(action: Action, places: OutputPlaces): Promise<number> {
    const { settings, tell } = this.#options;
    const reasons = new Map<number, string>();
    for (let tries = 1; tries <= settings.maxAttempts; tries++) {
      const placed = await this.#place(action, reasons);
      if (placed === undefined) break;
      const attempt = ++this.#drawn;
      const { host, costMs, leave } = placed;
      const why = tries === 1 ? "bid" : "retry";
      const { index } = action;
      tell({ type: "placed", action: index, attempt, where: { host: host.index }, expectedMs: costMs, why });
      try {
        const outcome = await this.#attempt(action, attempt, host, leave);
        host.succeeded();
        return await this.#settle(action, attempt, host, outcome, places);
      } catch (error) {
        if (error instanceof ActionFailure) throw error;
        this.#checkCancelled();
        const message = messageOf(error);
        reasons.set(host.index, message);
        tell({
          type: "hostBackedOff",
          host: host.index,
          why: message,
          backoffMs: host.backOff(performance.now(), message),
        });
        tell({ type: "attemptLost", action: index, attempt, why: message, again: tries < settings.maxAttempts });
      } finally {
        leave();
      }
    }
    if (settings.localFallback) return await this.#runHere(action, "fallback");
    const lines = this.#hosts.map(({ index, name, why }) => `${name}: ${reasons.get(index) ?? why}`);
    throw new ActionFailure("NO_HOST", ["no host could run it", ...lines].join("\n"));
  }

  /** The host with the lowest cost; undefined where none has been there for `noHostMs`. */
  async #place(
    action: Action,
    reasons: Map<number, string>,
  ): Promise<{ readonly host: V1Host; readonly costMs: number; readonly leave: () => void } | undefined> {
    const { settings } = this.#options;
    const until = performance.now() + settings.noHostMs;
    for (let round = 1; ; round++) {
      const leave = await this.#placing.enter();
      this.#checkCancelled();
      const best = await this.#quotes(action, round, reasons);
      if (best !== undefined) return { ...best, leave };
      leave();
      const back = Math.min(...this.#hosts.map(({ backoffUntil }) => backoffUntil));
      if (!(back < until)) return undefined;
      await this.#pause(Math.max(1, back - performance.now()));
    }
  }

  async #quotes(
    action: Action,
    round: number,
    reasons: Map<number, string>,
  ): Promise<{ readonly host: V1Host; readonly costMs: number } | undefined> {
    const { tell, settings, signal } = this.#options;
    const asked = this.#hosts.filter(({ backoffUntil }) => performance.now() >= backoffUntil);
    if (asked.length === 0) return undefined;
    tell({ type: "quoted", action: action.index, round, hosts: asked.map(({ index }) => index) });
    const bounds = { ...this.#bounds, idleMs: settings.answerMs };
    const answers = asked.map(async (host) => {
      try {
        const costMs = await quote(new V1Connection(host.address, bounds, signal));
        const parts = { queueMs: 0, runMs: costMs, transferMs: 0, chargeMs: 0 };
        const bid = { action: action.index, round, host: host.index, parts, priceMs: costMs, missingBytes: 0 };
        tell({ type: "bid", ...bid });
        return { host, costMs };
      } catch (error) {
        if (signal.aborted) return undefined;
        const why = messageOf(error);
        reasons.set(host.index, why);
        tell({ type: "hostLost", host: host.index, why, backoffMs: host.backOff(performance.now(), why) });
        return undefined;
      }
    });
    let best: { readonly host: V1Host; readonly costMs: number } | undefined;
    for (const answer of await Promise.all(answers)) {
      if (answer !== undefined && (best === undefined || answer.costMs < best.costMs)) best = answer;
    }
    this.#checkCancelled();
    return best;
  }

  async #attempt(action: Action, attempt: number, host: V1Host, leave: () => void): Promise<V1Outcome> {
    const { folder, settings, signal, tell } = this.#options;
    const { index } = action;
    const timeoutMs = action.timeoutMs ?? settings.maxRunMs;
    return await attemptAt({
      action,
      host,
      root: folder.root,
      folder: join(folder.own, String(attempt)),
      bounds: this.#bounds,
      maxRunMs: timeoutMs,
      signal,
      started: (bytes) => {
        leave();
        tell({ type: "sent", action: index, attempt, bytes, savedBytes: 0 });
        tell({ type: "started", action: index, attempt });
      },
    });
  }

  async #settle(
    action: Action,
    attempt: number,
    host: V1Host,
    outcome: V1Outcome,
    places: OutputPlaces,
  ): Promise<number> {
    const { screen, tell, folder } = this.#options;
    const { status, printed, output, isTimedOut = false } = outcome;
    const { index } = action;
    try {
      const end: RunEnd = isTimedOut ? { ...NOTHING, end: "TIMED_OUT" } : { ...NOTHING, code: status };
      tell({ type: "ended", action: index, attempt, end });
      if (printed !== undefined) await screen.add({ ...printed, action: index });
      if (end.end !== "EXITED" || status !== 0) {
        throw new ActionFailure("ACTION_FAILED", `${endText(end)} at ${host.name}`);
      }
      const paths = output === undefined ? [] : [output];
      const bytes = output === undefined ? 0 : outcome.bytes;
      tell({ type: "received", action: index, attempt, outputs: paths.length, bytes });
      const fault = places.claim(action, paths);
      if (fault !== undefined) throw new ActionFailure("OUTPUT", fault);
      try {
        await outcome.folder.commit(folder, paths);
      } catch (error) {
        throw new ActionFailure("OUTPUT", messageOf(error));
      }
      return attempt;
    } finally {
      await outcome.folder.discard();
    }
  }

  #runHere(action: Action, why: "local" | "fallback"): Promise<number> {
    return this.#locals.run(action, ++this.#drawn, why);
  }

  #checkCancelled(): void {
    if (this.#options.signal.aborted) throw new ActionFailure("CANCELLED", "cancelled");
  }

  /** Or until it is cancelled. */
  async #pause(ms: number): Promise<void> {
    const { signal } = this.#options;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", over);
        resolve();
      };
      const timer = setTimeout(over, ms);
      signal.addEventListener("abort", over, { once: true });
      if (signal.aborted) over();
    });
  }
}

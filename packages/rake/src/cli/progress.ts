/** What is going on, in lines (docs/rake.md R40): made of the build's events alone. */
import type { BuildEvent, Where } from "../core/client-contract.js";
import type { Action, Plan } from "../core/plan.js";
import { oneLine, printable, shortened, timeWords, whereWords } from "../core/words.js";
import { addressOf } from "./addresses.js";

/** A line that stays: of an action that is done, or of something that went wrong. */
export interface ProgressLine {
  readonly kind: "done" | "trouble";
  readonly text: string;
}

/** Words on why a host is not there; undefined: none are needed. */
export type Advice = (why: string) => string | undefined;

interface RunningAttempt {
  readonly action: number;
  readonly where: Where;
  readonly placedAt: number;
  startedAt: number | undefined;
}

/** Of a command in a line. */
const MAX_COMMAND = 100;

export class Progress {
  readonly #actions = new Map<number, Action>();
  readonly #addresses: readonly string[];
  readonly #running = new Map<number, RunningAttempt>();
  readonly #up = new Set<number>();
  readonly #advice: Advice;
  /** Of which host what was said: once is enough. */
  readonly #advised = new Set<string>();
  #done = 0;

  constructor({ hosts, sets }: Plan, advice: Advice = () => undefined) {
    this.#advice = advice;
    this.#addresses = hosts.map(addressOf);
    for (const action of sets.flatMap(({ actions }) => actions)) this.#actions.set(action.index, action);
  }

  /** @returns the lines that are to be kept */
  add(event: BuildEvent): readonly ProgressLine[] {
    switch (event.type) {
      case "hostUp":
        this.#up.add(event.host);
        return [];
      case "hostLost": {
        const wasUp = this.#up.delete(event.host);
        const why = event.why.trimEnd();
        const what = wasUp ? `is lost: ${why}` : `is not there: ${why}${this.#adviceOn(event)}`;
        return [trouble(`${this.#address(event.host)} ${what}${again(event.backoffMs)}`)];
      }
      case "hostBackedOff":
        return [trouble(`${this.#address(event.host)} is left alone: ${event.why.trimEnd()}${again(event.backoffMs)}`)];
      case "placed":
        return this.#placed(event);
      case "started": {
        const attempt = this.#running.get(event.attempt);
        if (attempt !== undefined) attempt.startedAt = event.at;
        return [];
      }
      case "attemptLost": {
        const where = this.#where(event.attempt);
        this.#running.delete(event.attempt);
        const next = event.again ? "; it is placed again" : "";
        return [trouble(`${this.#name(event.action)} came to nothing${where}: ${event.why.trimEnd()}${next}`)];
      }
      case "actionSucceeded":
        return [{ kind: "done", text: this.#succeeded(event) }];
      case "actionFailed":
        this.#over(event.action);
        return [trouble(`FAILED ${this.#name(event.action)}: ${event.message}`)];
      default:
        return [];
    }
  }

  /**
   * What a terminal shows at its bottom: `[done/total]`, and what runs where and since when, the longest first.
   * @param now the time of the events
   */
  line(now: number, columns: number): string {
    const running = [...this.#running.values()].sort((a, b) => sinceOf(a) - sinceOf(b));
    const parts = running.map((attempt) => {
      const { action, where, startedAt } = attempt;
      const since = `${startedAt === undefined ? "waits " : ""}${timeWords(Math.max(0, now - sinceOf(attempt)))}`;
      return `${shortened(this.#actions.get(action)?.command ?? "", 40)} (${this.#placeWords(where)}, ${since})`;
    });
    const what = parts.length === 0 ? this.#idleWords() : parts.join(", ");
    return shortened(`[${this.#done}/${this.#actions.size}] ${what}`, columns);
  }

  #placed({ action, attempt, where, why, at }: Extract<BuildEvent, { type: "placed" }>): readonly ProgressLine[] {
    this.#running.set(attempt, { action, where, placedAt: at, startedAt: undefined });
    const place = this.#placeWords(where);
    if (why === "speculation") return [trouble(`${this.#name(action)} takes long: it is started on ${place} too`)];
    if (why === "fallback") return [trouble(`${this.#name(action)} runs on ${place}: no host is left for it`)];
    return [];
  }

  #succeeded({ action, attempt, at }: Extract<BuildEvent, { type: "actionSucceeded" }>): string {
    const run = this.#running.get(attempt);
    const took = run === undefined ? "" : ` (${this.#placeWords(run.where)}, ${timeWords(at - sinceOf(run))})`;
    this.#over(action);
    const command = shortened(this.#actions.get(action)?.command ?? "", MAX_COMMAND);
    return `[${this.#done}/${this.#actions.size}] ${command}${took}`;
  }

  #over(action: number): void {
    this.#done++;
    for (const [attempt, run] of this.#running) if (run.action === action) this.#running.delete(attempt);
  }

  #idleWords(): string {
    if (this.#done === this.#actions.size) return "done";
    return this.#up.size === 0 ? "no host is there yet" : `asking ${this.#up.size === 1 ? "one host" : "hosts"}`;
  }

  #adviceOn({ host, why }: { readonly host: number; readonly why: string }): string {
    const advice = this.#advice(why);
    const key = `${host} ${advice}`;
    if (advice === undefined || this.#advised.has(key)) return "";
    this.#advised.add(key);
    return ` (${advice})`;
  }

  #where(attempt: number): string {
    const run = this.#running.get(attempt);
    return run === undefined ? "" : ` on ${this.#placeWords(run.where)}`;
  }

  #placeWords(where: Where): string {
    return whereWords(where, this.#addresses);
  }

  #address(host: number): string {
    return this.#placeWords({ host });
  }

  #name(index: number): string {
    const action = this.#actions.get(index);
    return action === undefined ? `action ${index}` : `line ${action.line} (${shortened(action.command, MAX_COMMAND)})`;
  }
}

function trouble(text: string): ProgressLine {
  return { kind: "trouble", text: printable(oneLine(text)) };
}

function again(backoffMs: number): string {
  return backoffMs > 0 ? `; it is asked again in ${timeWords(backoffMs)}` : "";
}

function sinceOf({ placedAt, startedAt }: RunningAttempt): number {
  return startedAt ?? placedAt;
}

/** What a person sees of a build: what actions print, lines that stay, and on a terminal one line that is rewritten (docs/rake.md R36, R40). */
import type { BuildEvent } from "../core/client-contract.js";
import type { Plan } from "../core/plan.js";
import type { Shown } from "../node/screen.js";
import { ActionLines, type Piece } from "./action-lines.js";
import { eventJson, printedJson } from "./build-json.js";
import { type Advice, Progress, type ProgressLine } from "./progress.js";

/** What is needed of process.stdout and process.stderr. */
export interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(bytes: Uint8Array | string): boolean;
  once(event: "drain" | "error" | "close", listener: () => void): unknown;
  off(event: "drain" | "error" | "close", listener: () => void): unknown;
}

export interface BuildScreenOptions {
  readonly stdout: Out;
  readonly stderr: Out;
  /** The clock of the events, in milliseconds. */
  readonly now: () => number;
  /** Lines of JSON on stdout instead. */
  readonly isJson: boolean;
  /** Nothing but what actions print, and what went wrong. */
  readonly isQuiet: boolean;
  /** The line of the Rakefile before each line of an action. */
  readonly hasPrefix: boolean;
  /** What can be done about a host that is not there; default: nothing is said. */
  readonly advice?: Advice;
}

/** Of the line that is rewritten. */
const REDRAW_MS = 100;
const CLEAR = "\r\x1b[K";

export class BuildScreen {
  readonly #options: BuildScreenOptions;
  readonly #progress: Progress;
  readonly #lines: ActionLines;
  readonly #isLive: boolean;
  #isDrawn = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(plan: Plan, options: BuildScreenOptions) {
    this.#options = options;
    this.#progress = new Progress(plan, options.advice);
    const lineOf = new Map(
      plan.sets.flatMap(({ actions }) => actions.map(({ index, line }) => [index, line] as const)),
    );
    const width = String(Math.max(0, ...lineOf.values())).length;
    const prefixOf = (action: number): string => `${String(lineOf.get(action) ?? "").padStart(width)}| `;
    this.#lines = new ActionLines(options.hasPrefix ? { prefixOf } : {});
    this.#isLive = options.stderr.isTTY === true && !options.isJson && !options.isQuiet;
    if (this.#isLive) this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
  }

  event(event: BuildEvent): void {
    const { isJson, isQuiet, stdout } = this.#options;
    if (isJson) return void stdout.write(`${eventJson(event)}\n`);
    if (event.type === "actionSucceeded" || event.type === "actionFailed") {
      this.#write(this.#lines.end(event.action));
    }
    for (const line of this.#progress.add(event)) if (this.#isKept(line, isQuiet)) this.say(line.text);
  }

  /** Takes a piece of output; the promise resolves when there is room for more. */
  show({ stream, bytes, action }: Shown): Promise<void> | undefined {
    if (!this.#options.isJson) return this.#write(this.#lines.add(stream, bytes, action));
    const { stdout } = this.#options;
    return stdout.write(`${printedJson(stream, bytes, action)}\n`) ? undefined : drained(stdout);
  }

  /** A line of `rake` itself that stays, on standard error. */
  say(text: string): void {
    const { stderr } = this.#options;
    this.#clear();
    stderr.write(`rake: ${text}\n`);
  }

  /** Shows what was begun and not ended, and takes the status line away. */
  close(): void {
    clearInterval(this.#timer);
    this.#write(this.#lines.endAll());
    this.#clear();
  }

  /** On a terminal what is done shows in the status line. */
  #isKept({ kind }: ProgressLine, isQuiet: boolean): boolean {
    return kind === "trouble" || (!isQuiet && !this.#isLive);
  }

  #write(pieces: readonly Piece[]): Promise<void> | undefined {
    if (pieces.length === 0) return undefined;
    this.#clear();
    const full = new Set<Out>();
    for (const { stream, bytes } of pieces) {
      const out = this.#options[stream];
      if (!out.write(bytes)) full.add(out);
    }
    if (full.size === 0) return undefined;
    return Promise.all([...full].map(drained)).then(() => {});
  }

  #clear(): void {
    if (!this.#isDrawn) return;
    this.#isDrawn = false;
    this.#options.stderr.write(CLEAR);
  }

  #draw(): void {
    const { stderr, now } = this.#options;
    // A line that fills the terminal would wrap.
    const line = this.#progress.line(now(), Math.max(20, (stderr.columns || 80) - 1));
    stderr.write(`${CLEAR}${line}`);
    this.#isDrawn = true;
  }
}

/** When there is room again, or never will be. */
function drained(out: Out): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ["drain", "error", "close"] as const) out.off(event, done);
      resolve();
    };
    for (const event of ["drain", "error", "close"] as const) out.once(event, done);
  });
}

/** Action sets and actions of a Rakefile (docs/rake.md R1, R2, R4, R7). */

import { MAX_RESOURCE_BYTES } from "./message-limits.js";
import { pathFault } from "./paths.js";
import type { ActionSet } from "./plan.js";
import { type Faults, shown } from "./rakefile-faults.js";
import { type Line, type Word, wordsOf } from "./rakefile-lines.js";

export const MAX_ACTIONS = 10_000;
/** Of what one action requires and produces. */
export const MAX_PATHS = 10_000;
/** The longest time that a timer of any platform takes. */
export const MAX_TIMEOUT_MS: number = 2 ** 31 - 1;

const REMOTE = "remote-";
const A_SET = "actionsetN: with nothing behind it";
const A_TIME = "timeout and one time, a whole number and ms, s, m or h, from 1 ms to 2^31-1 ms";
const UNIT_MS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
/** What each two-TAB line lists; those behind the first are ours (R4). */
const DETAILS: { readonly [keyword: string]: string } = {
  requires: "requires f1 f2 ...",
  produces: "produces p1 p2 ...",
  on: "on r1 r2 ...",
  timeout: "timeout 30s",
};

/** What only a host has to do with, or says afterwards (R4). */
const OF_REMOTE: readonly string[] = ["produces", "on"];
const KEYWORDS = /^(?:(requires|produces|on)[\t\v\f\r ]|(timeout)[\t\v\f\r ]+[^\t\v\f\r ]+$)/;

interface OpenAction {
  readonly index: number;
  readonly line: number;
  readonly remote: boolean;
  readonly command: string;
  readonly requires: Set<string>;
  readonly produces: Set<string>;
  readonly on: Set<string>;
  timeoutMs: number | undefined;
}

export class SetList {
  readonly #faults: Faults;
  readonly #course: boolean;
  /** What a two-TAB line may be, for texts of faults. */
  readonly #details: string;
  readonly #sets: { readonly name: string; readonly line: number; readonly actions: OpenAction[] }[] = [];
  readonly #lineOfName = new Map<string, number>();
  #actions = 0;

  constructor(faults: Faults, course: boolean) {
    this.#faults = faults;
    this.#course = course;
    this.#details = (course ? [DETAILS["requires"]] : Object.values(DETAILS)).join(", ");
  }

  get hasAny(): boolean {
    return this.#sets.length > 0;
  }

  /** A line that begins with `actionset`. */
  open(line: Line): void {
    const { text } = line;
    const name = (wordsOf(text, 0)[0] as Word).text.split(":", 1)[0] as string;
    const before = this.#lineOfName.get(name);
    if (text !== `${name}:`) {
      const rest = text.slice(name.length);
      const at = rest.startsWith(":") ? name.length + 1 : name.length;
      this.#faults.add(line, at, rest === "" ? "the end of the line" : shown(text.slice(at)), A_SET);
    } else if (before !== undefined) {
      this.#faults.add(line, 0, `${shown(name)} a second time`, `another name than that of line ${before}`);
    }
    // Even so: what follows belongs to it.
    this.#lineOfName.set(name, before ?? line.number);
    this.#sets.push({ name, line: line.number, actions: [] });
  }

  /** @param from behind the TAB */
  action(line: Line, from: number): void {
    const set = this.#sets.at(-1);
    const { at } = wordsOf(line.text, from)[0] as Word;
    if (set === undefined) return this.#faults.add(line, at, "an action", "actionsetN: before the first action");
    if (this.#actions === MAX_ACTIONS) {
      this.#faults.add(line, at, `action ${MAX_ACTIONS + 1}`, `at most ${MAX_ACTIONS} actions`);
    }
    const whole = line.text.slice(at);
    const [, keyword, timeout] = KEYWORDS.exec(whole) ?? [];
    const meant = keyword ?? timeout;
    if (meant !== undefined) {
      return this.#faults.add(line, at, `${shown(meant)} behind one TAB`, `a command here; two TABs before ${meant}`);
    }
    const remote = whole.startsWith(REMOTE);
    const command = remote ? line.text.slice(at + REMOTE.length).replace(/^[\t\v\f\r ]+/, "") : whole;
    if (command === "") this.#faults.add(line, line.text.length, "no command", "remote- and a command");
    set.actions.push({
      index: this.#actions++,
      line: line.number,
      remote,
      command,
      requires: new Set(),
      produces: new Set(),
      on: new Set(),
      timeoutMs: undefined,
    });
  }

  /** A line that says more of the action before. @param from behind the TABs */
  detail(line: Line, from: number): void {
    const [keyword, ...words] = wordsOf(line.text, from) as [Word, ...Word[]];
    const accepted = this.#details;
    if (line.text[from] === "\t") return this.#faults.add(line, from, "a third TAB", `two TABs and ${accepted}`);
    const action = this.#sets.at(-1)?.actions.at(-1);
    if (action === undefined) {
      return this.#faults.add(line, keyword.at, shown(keyword.text), "an action behind one TAB first");
    }
    if (!Object.hasOwn(DETAILS, keyword.text)) return this.#faults.add(line, keyword.at, shown(keyword.text), accepted);
    if (this.#course && keyword.text !== "requires") {
      return this.#faults.add(line, keyword.at, `${shown(keyword.text)} with --course`, accepted);
    }
    if (!action.remote && OF_REMOTE.includes(keyword.text)) {
      const found = `${shown(keyword.text)} of a local action`;
      return this.#faults.add(line, keyword.at, found, `${keyword.text} for remote actions alone`);
    }
    if (keyword.text === "timeout") return this.#timeout(line, action, keyword, words);
    if (words.length === 0) {
      return this.#faults.add(line, line.text.length, "nothing", DETAILS[keyword.text] as string);
    }
    if (keyword.text === "on") return this.#on(line, action, words);
    this.#paths(line, action, keyword.text === "requires" ? action.requires : action.produces, words);
  }

  #paths(line: Line, action: OpenAction, paths: Set<string>, words: readonly Word[]): void {
    for (const { text, at } of words) {
      const fault = pathFault(text);
      if (fault !== undefined) {
        this.#faults.add(
          line,
          at,
          `${shown(text)}, which ${fault}`,
          "a path relative to the Rakefile's folder, below it",
        );
      } else if (action.requires.size + action.produces.size === MAX_PATHS && !paths.has(text)) {
        return this.#faults.add(line, at, `path ${MAX_PATHS + 1}`, `at most ${MAX_PATHS} paths an action`);
      } else {
        paths.add(text);
      }
    }
  }

  #on(line: Line, action: OpenAction, words: readonly Word[]): void {
    for (const { text, at } of words) {
      const { length } = new TextEncoder().encode(text);
      if (length <= MAX_RESOURCE_BYTES) action.on.add(text);
      else this.#faults.add(line, at, shown(text), `a resource of at most ${MAX_RESOURCE_BYTES} bytes, not ${length}`);
    }
  }

  #timeout(line: Line, action: OpenAction, keyword: Word, [word, more]: readonly Word[]): void {
    const milliseconds = word === undefined ? undefined : parseTime(word.text);
    if (word === undefined) this.#faults.add(line, line.text.length, "nothing", A_TIME);
    else if (milliseconds === undefined) this.#faults.add(line, word.at, shown(word.text), A_TIME);
    else if (more !== undefined) this.#faults.add(line, more.at, shown(more.text), A_TIME);
    else if (action.timeoutMs !== undefined)
      this.#faults.add(line, keyword.at, "a second timeout", "one for an action");
    else action.timeoutMs = milliseconds;
  }

  end(): ActionSet[] {
    return this.#sets.map(({ name, line, actions }) => ({
      name,
      line,
      actions: actions.map(({ requires, produces, on, timeoutMs, ...action }) => ({
        ...action,
        requires: [...requires],
        produces: [...produces],
        on: [...on],
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
      })),
    }));
  }
}

/** In milliseconds; undefined where it is none, 0, or too long. */
function parseTime(text: string): number | undefined {
  const parts = /^([0-9]{1,15})(ms|s|m|h)$/.exec(text);
  if (parts === null) return undefined;
  const milliseconds = Number(parts[1]) * (UNIT_MS[parts[2] as string] as number);
  return milliseconds >= 1 && milliseconds <= MAX_TIMEOUT_MS ? milliseconds : undefined;
}

/** The parser of Rakefiles (docs/rake.md R1 to R7). */

import type { Fault, Plan } from "./plan.js";
import { Faults, renderFaults, shown } from "./rakefile-faults.js";
import { HostList } from "./rakefile-hosts.js";
import { type Line, linesOf, MAX_LINE_BYTES, type Word, wordsOf } from "./rakefile-lines.js";
import { SetList } from "./rakefile-sets.js";
import { decodeRakefile } from "./rakefile-text.js";

export { MAX_FAULTS, renderFaults } from "./rakefile-faults.js";
export { DEFAULT_PORT } from "./rakefile-hosts.js";
export { MAX_LINE_BYTES } from "./rakefile-lines.js";
export { MAX_ACTIONS, MAX_PATHS } from "./rakefile-sets.js";

export const MAX_RAKEFILE_BYTES: number = 1024 * 1024;

export interface RakefileOptions {
  /** What `message` calls it; default "Rakefile". */
  readonly file?: string;
  /** Whether it must be one that the course's other programs understand too (R4); default false. */
  readonly course?: boolean;
}

export interface ParsedRakefile {
  /** What could be understood; to be built only where there is no fault. */
  readonly plan: Plan;
  /** In the order of their places; at most 20. */
  readonly faults: readonly Fault[];
  /** A line for each fault (`renderFaults`); empty where there is none. */
  readonly message: string;
}

const AT_THE_EDGE = "PORT = n, HOSTS = h1 h2, actionsetN:, or an action behind one TAB";

/**
 * The plan that a Rakefile is, and all that is wrong with it. Throws nothing, whatever the text holds.
 * @param text its bytes, or what they are as UTF-8
 */
export function parseRakefile(text: string | Uint8Array, options: RakefileOptions = {}): ParsedRakefile {
  const { file = "Rakefile", course = false } = options;
  const found = new Faults();
  const parser = new Parser(found, course);
  const whole = decodeRakefile(text, MAX_RAKEFILE_BYTES, found);
  if (whole !== undefined) parser.read(whole);
  const plan = parser.end();
  const faults = found.sorted();
  return { plan, faults, message: renderFaults(faults, file) };
}

class Parser {
  readonly #faults: Faults;
  readonly #hosts: HostList;
  readonly #sets: SetList;

  constructor(faults: Faults, course: boolean) {
    this.#faults = faults;
    this.#hosts = new HostList(faults);
    this.#sets = new SetList(faults, course);
  }

  read(text: string): void {
    for (const line of linesOf(text)) {
      if (line.bytes > MAX_LINE_BYTES) {
        this.#faults.add(line, 0, `a line of ${line.bytes} bytes`, `lines of at most ${MAX_LINE_BYTES} bytes`);
      } else {
        this.#line(line);
      }
      // Nothing more would be told.
      if (this.#faults.isFull) return;
    }
  }

  end(): Plan {
    return { hosts: this.#hosts.end(), sets: this.#sets.end() };
  }

  #line(line: Line): void {
    const { text } = line;
    const nul = text.indexOf("\0");
    if (nul >= 0) return this.#faults.add(line, nul, "a NUL", "text");
    if (text.startsWith("\t\t")) return this.#sets.detail(line, 2);
    if (text.startsWith("\t")) return this.#sets.action(line, 1);
    const first = wordsOf(text, 0)[0] as Word;
    if (first.at > 0) return this.#faults.add(line, 0, "a blank", "one TAB before an action, two before requires");
    const assigned = /^(PORT|HOSTS)[\t\v\f\r ]*=/.exec(text);
    if (assigned !== null) return this.#assignment(line, assigned[1] as string, assigned[0].length);
    if (text.startsWith("actionset")) return this.#sets.open(line);
    this.#faults.add(line, 0, shown(first.text), AT_THE_EDGE);
  }

  #assignment(line: Line, name: string, from: number): void {
    if (this.#sets.hasAny) {
      return this.#faults.add(line, 0, `${name} behind an action set`, `${name} before the first set`);
    }
    const words = wordsOf(line.text, from);
    if (name === "PORT") this.#hosts.port(line, words);
    else this.#hosts.hosts(line, words);
  }
}

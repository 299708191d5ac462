/** What is wrong with a Rakefile, collected and told (docs/rake.md R5). */

import type { Fault } from "./plan.js";
import { columnOf, type Line } from "./rakefile-lines.js";

export const MAX_FAULTS = 20;

/** Where a shown text is cut, in characters. */
const MAX_SHOWN = 60;
/** Control characters, and those that turn a line around: what is shown stays on its line and in its place. */
const UNPRINTABLE = /[\p{Cc}\p{Surrogate}\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu;

/** At most 20 of them; more are not kept. */
export class Faults {
  readonly #list: Fault[] = [];

  get isFull(): boolean {
    return this.#list.length >= MAX_FAULTS;
  }

  /** @param at where in the line's text, from 0 */
  add(line: Line, at: number, found: string, accepted: string): void {
    this.addAt(line.number, columnOf(line.text, at), found, accepted);
  }

  addAt(line: number, column: number, found: string, accepted: string): void {
    if (!this.isFull) this.#list.push({ line, column, found, accepted });
  }

  /** By their places. */
  sorted(): Fault[] {
    return [...this.#list].sort((a, b) => a.line - b.line || a.column - b.column);
  }
}

/** A text of the file in quotes, as it is shown in a fault: on one line, cut where it is long. */
export function shown(text: string): string {
  const characters = [...text];
  const cut = characters.length > MAX_SHOWN ? `${characters.slice(0, MAX_SHOWN).join("")}...` : text;
  return `"${cut.replace(UNPRINTABLE, (one) => `\\u{${(one.codePointAt(0) as number).toString(16)}}`)}"`;
}

/** A line for each fault, `file:line:column: found X; accepted: Y`, without a line feed at the end. */
export function renderFaults(faults: readonly Fault[], file = "Rakefile"): string {
  return faults
    .map(({ line, column, found, accepted }) => `${file}:${line}:${column}: found ${found}; accepted: ${accepted}`)
    .join("\n");
}

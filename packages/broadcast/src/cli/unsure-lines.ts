/** Lines that were not published, or perhaps: where one end befalls many of them, it is told once, with how many there are. */
import { BroadcastError } from "../core/errors.js";

/** Characters of a line that an error shows. */
const SHOWN_CHARACTERS = 60;

/** The beginning of a line, for an error about it. */
export function shortened(line: string): string {
  // Cut first: a line may be as long as memory.
  const characters = [...line.slice(0, 2 * SHOWN_CHARACTERS + 2)];
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS).join("")}...` : line;
}

/** The first line of many with the same fate, and how many they are. */
interface Group {
  readonly line: string;
  readonly position: number;
  readonly error: Error;
  count: number;
}

/** What ends many lines at a time, and what that says of them. */
const FATES: Readonly<Record<string, (count: string, from: string, error: Error) => string>> = {
  UNKNOWN_OUTCOME: (count, from) =>
    `${count} not acknowledged, ${from}, and may be in the log or not: look there before publishing again (broadcast replay)`,
  LEFT: (count, from) => `${count} not published, ${from}: the room was left`,
  ENDED: (count, from, { message }) => `${count} not published, ${from}: ${message}`,
};

export class UnsureLines {
  readonly #kind: "line" | "text";
  readonly #say: (words: string) => void;
  readonly #groups = new Map<string, Group>();

  /**
   * @param kind what they are called
   * @param say is given one line of words for those that failed in one turn with the same code
   */
  constructor(kind: "line" | "text", say: (words: string) => void) {
    this.#kind = kind;
    this.#say = say;
  }

  /** @param position of the line among all, from 1 */
  add(line: string, position: number, error: Error): void {
    const code = error instanceof BroadcastError ? error.code : "";
    if (FATES[code] === undefined) {
      this.#say(`"${shortened(line)}": ${error.message}`);
      return;
    }
    const group = this.#groups.get(code);
    if (group !== undefined) group.count++;
    else this.#groups.set(code, { line, position, error, count: 1 });
    if (this.#groups.size === 1 && group === undefined) setImmediate(() => this.flush());
  }

  /** Says what was not said yet. */
  flush(): void {
    for (const [code, { line, position, error, count }] of this.#groups) {
      const kind = this.#kind;
      const lines = count === 1 ? `1 ${kind} was` : `${count} ${kind}s were`;
      const first = `${kind} ${position} ("${shortened(line)}")`;
      const from = count === 1 ? first : `from ${first} on`;
      this.#say(FATES[code]?.(lines, from, error) ?? error.message);
    }
    this.#groups.clear();
  }
}

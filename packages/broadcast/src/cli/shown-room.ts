/** A room on a screen: its entries and notices as lines, and how far it has been shown. */
import type { Delivered, Notice } from "../core/client-contract.js";
import type { Member } from "../core/messages.js";
import { printable } from "../core/printable.js";
import { backLine, entryLine, noticeLine } from "./entry-words.js";

/** Names that fit a line. */
const MOST_NAMES = 20;

export interface Shown {
  /** The number of each entry. */
  readonly numbers: boolean;
  /** ACKs that were sent, and what is stable. */
  readonly acknowledgements: boolean;
}

export class ShownRoom {
  readonly #shows: Shown;
  /** Lines that wait for `begin`. */
  readonly #early: string[] = [];
  #write: (line: string) => void = (line) => this.#early.push(line);
  #isIn = false;
  #isLost = false;
  #isBehind = false;
  #head = 0;
  #seen = 0;
  #epochs = 0;
  #wake: (() => void) | undefined;

  constructor(shows: Shown) {
    this.#shows = shows;
  }

  /** Writes the first lines, what has happened already, and from now on what happens. */
  begin(write: (line: string) => void, ...first: readonly string[]): void {
    this.#write = write;
    for (const line of [...first, ...this.#early.splice(0)]) write(line);
  }

  /** How many new epochs there were: numbers of one say nothing in the next. */
  get epochs(): number {
    return this.#epochs;
  }

  /** The newest number when the room was joined. */
  get head(): number {
    return this.#head;
  }

  show(line: string): void {
    this.#write(line);
  }

  entry(entry: Delivered): void {
    this.show(entryLine(entry, this.#shows.numbers));
    this.#passed(entry.number);
  }

  notice(notice: Notice): void {
    if (notice.type === "welcome") this.#welcome(notice);
    const line = this.#isWorthALine(notice) ? noticeLine(notice, this.#shows.acknowledgements) : undefined;
    if (line !== undefined) this.show(line);
    if (notice.type === "disconnected") this.#isLost = true;
    if (notice.type === "gap") this.#passed(notice.to);
    if (notice.type === "snapshot") this.#passed(notice.upTo);
    if (notice.type === "epoch") {
      this.#epochs++;
      this.#seen = notice.from - 1;
      this.#wake?.();
    }
  }

  /** Resolves when everything up to a number was shown, or numbers begin anew. */
  async reached(number: number): Promise<void> {
    const epochs = this.#epochs;
    while (this.#seen < number && this.#epochs === epochs) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #isWorthALine(notice: Notice): boolean {
    // Said once, however often it is tried again.
    if (notice.type === "disconnected") return !this.#isLost;
    if (notice.type !== "lag") return true;
    // Who reads an old history is behind, and knows it.
    const isTold = notice.behind > 0 ? this.#seen >= this.#head : this.#isBehind;
    this.#isBehind = isTold && notice.behind > 0;
    return isTold;
  }

  #welcome(notice: Extract<Notice, { type: "welcome" }>): void {
    if (this.#isIn) {
      this.show(backLine(notice));
    } else {
      this.#head = notice.head;
      this.#seen = notice.resumeFrom - 1;
    }
    this.#isIn = true;
    this.#isLost = false;
  }

  #passed(number: number): void {
    this.#seen = number;
    this.#wake?.();
  }
}

/** Who is here, in a line. */
export function memberNames(members: readonly Member[]): string {
  const names = members.slice(0, MOST_NAMES).map(({ name }) => printable(name));
  const more = members.length - names.length;
  return more > 0 ? `${names.join(", ")} and ${more} more` : names.join(", ");
}

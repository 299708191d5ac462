/** Entries and notices of a room as lines, each member in a colour of its own. */
import type { Delivered, Notice } from "@lab/broadcast";
import { printable } from "@lab/broadcast/core";

const COLOURS = [31, 32, 33, 34, 35, 36, 91, 92, 93, 94, 95, 96];
const text = new TextDecoder();

export interface Style {
  readonly inColour: boolean;
  readonly showsOrder: boolean;
}

export class Words {
  readonly #style: Style;

  constructor(style: Style) {
    this.#style = style;
  }

  /** Nobody's name or text reaches the terminal but by `printable`: it could steer it. */
  entry({ number, kind, member, name, bytes }: Delivered): string {
    const who = this.#colour(COLOURS[member % COLOURS.length] ?? 0, name === "" ? `member ${member}` : printable(name));
    const order = this.#style.showsOrder ? `#${number} ` : "";
    if (kind === "message") return `${order}${who}: ${printable(text.decode(bytes))}`;
    if (kind === "join") return `${order}* ${who} joined`;
    if (kind === "leave") return `${order}* ${who} ${bytes[0] === 0 ? "left" : "is gone"}`;
    return `${order}* a message of ${who} was too big`;
  }

  /** Undefined for what entries say, or what is of no interest. */
  notice(notice: Notice): string | undefined {
    switch (notice.type) {
      case "gap":
        return `* the numbers ${notice.from} to ${notice.to} are not to be had any more (${notice.reason})`;
      case "epoch":
        return `* the server began a new log: what it had not stored is lost; it goes on with number ${notice.from}`;
      case "acknowledged":
        return this.#style.showsOrder ? `* ACK ${notice.upTo}` : undefined;
      case "stable":
        return this.#style.showsOrder ? `* all have ${notice.upTo}` : undefined;
      default:
        return undefined;
    }
  }

  room(name: string, line: string): string {
    return `${this.#colour(2, `[${printable(name)}]`)} ${line}`;
  }

  #colour(code: number, words: string): string {
    return this.#style.inColour ? `\x1b[${code}m${words}\x1b[0m` : words;
  }
}

/** What actions print, made whole lines again that nobody else's words stand in (docs/rake.md R36). */
import type { StreamName } from "../core/server-contract.js";

/** Bytes for a stream of `rake`. */
export interface Piece {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
}

export interface ActionLinesOptions {
  /** What stands before each line of an action; undefined: nothing, and its bytes are not changed where it prints alone. */
  readonly prefixOf?: (action: number) => string;
  /** A longer line is shown in pieces; default 65,536 bytes. */
  readonly maxLineBytes?: number;
}

const LINE_FEED = 0x0a;
const encoder = new TextEncoder();
const NEWLINE = Uint8Array.of(LINE_FEED);
/** `rake` itself. */
const OWN = -1;

interface OpenLine {
  readonly action: number;
  readonly stream: StreamName;
  parts: Uint8Array[];
  length: number;
}

export class ActionLines {
  readonly #prefixOf: ((action: number) => string) | undefined;
  readonly #maxLineBytes: number;
  /** Lines that have begun and not ended, by `action stream`. */
  readonly #open = new Map<string, OpenLine>();
  /** Whose line was shown without its end, of each stream. */
  readonly #unended = new Map<StreamName, string>();

  constructor({ prefixOf, maxLineBytes = 65_536 }: ActionLinesOptions = {}) {
    this.#prefixOf = prefixOf;
    this.#maxLineBytes = maxLineBytes;
  }

  /** @param action undefined: words of `rake` itself, which have no prefix */
  add(stream: StreamName, bytes: Uint8Array, action: number | undefined): readonly Piece[] {
    const key = `${action ?? OWN} ${stream}`;
    const line = this.#open.get(key) ?? { action: action ?? OWN, stream, parts: [], length: 0 };
    const last = bytes.lastIndexOf(LINE_FEED);
    const pieces: Piece[] = [];
    if (last >= 0) {
      line.parts.push(bytes.subarray(0, last + 1));
      line.length += last + 1;
      pieces.push(...this.#take(key, line));
    }
    if (last + 1 < bytes.length) {
      // What is kept is a copy: the piece may be memory that is used again.
      line.parts.push(bytes.slice(last + 1));
      line.length += bytes.length - last - 1;
      this.#open.set(key, line);
      if (line.length >= this.#maxLineBytes) pieces.push(...this.#take(key, line));
    }
    return pieces;
  }

  /** What an action has begun and not ended is shown; with prefixes its line is ended. */
  end(action: number): readonly Piece[] {
    return [...this.#open].filter(([, line]) => line.action === action).flatMap(([key, line]) => this.#end(key, line));
  }

  /** The same of all. */
  endAll(): readonly Piece[] {
    return [...this.#open].flatMap(([key, line]) => this.#end(key, line));
  }

  #end(key: string, line: OpenLine): readonly Piece[] {
    if (this.#prefixOf !== undefined) {
      line.parts.push(NEWLINE);
      line.length++;
    }
    return this.#take(key, line);
  }

  #take(key: string, line: OpenLine): readonly Piece[] {
    this.#open.delete(key);
    const { stream } = line;
    const text = joined(line.parts, line.length);
    line.parts = [];
    line.length = 0;
    const unended = this.#unended.get(stream);
    const goesOn = unended === key;
    const pieces: Piece[] = [];
    if (unended !== undefined && !goesOn) pieces.push({ stream, bytes: NEWLINE });
    pieces.push({ stream, bytes: this.#prefixed(line.action, text, goesOn) });
    if (text.at(-1) === LINE_FEED) this.#unended.delete(stream);
    else this.#unended.set(stream, key);
    return pieces;
  }

  #prefixed(action: number, text: Uint8Array, goesOn: boolean): Uint8Array {
    if (this.#prefixOf === undefined || action === OWN) return text;
    const prefix = encoder.encode(this.#prefixOf(action));
    const parts: Uint8Array[] = [];
    let length = 0;
    for (let from = 0; from < text.length; ) {
      const end = text.indexOf(LINE_FEED, from);
      const line = text.subarray(from, end < 0 ? text.length : end + 1);
      if (from > 0 || !goesOn) {
        parts.push(prefix);
        length += prefix.length;
      }
      parts.push(line);
      length += line.length;
      from += line.length;
    }
    return joined(parts, length);
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The lines of a Rakefile, and the words of a line, with where they stand (docs/rake.md R1). */

export interface Word {
  readonly text: string;
  /** Where it begins in its line, from 0. */
  readonly at: number;
}

export interface Line {
  /** From 1. */
  readonly number: number;
  /** Without line end, comment and blanks at its end. */
  readonly text: string;
  /** Of UTF-8 without the line feed, comment and blanks too; 0 where it is short. */
  readonly bytes: number;
}

export const MAX_LINE_BYTES: number = 64 * 1024;

const encoder = new TextEncoder();
const BLANKS_AT_END = /[\t\v\f\r ]/;

/** Every line that has more than blanks and a comment, or too much of them. */
export function* linesOf(text: string): Generator<Line> {
  let number = 0;
  let start = 0;
  while (start <= text.length) {
    const feed = text.indexOf("\n", start);
    const end = feed < 0 ? text.length : feed;
    number++;
    const whole = text.slice(start, end);
    const line = withoutEnd(whole);
    // A character has at most three bytes for each of its code units: most lines need not be encoded.
    const bytes = whole.length > MAX_LINE_BYTES / 3 ? encoder.encode(whole).length : 0;
    if (line !== "" || bytes > MAX_LINE_BYTES) yield { number, text: line, bytes };
    start = end + 1;
  }
}

function withoutEnd(line: string): string {
  const hash = line.indexOf("#");
  let end = hash < 0 ? line.length : hash;
  while (end > 0 && BLANKS_AT_END.test(line[end - 1] as string)) end--;
  return line.slice(0, end);
}

/** What stands between blanks, from `from` on. */
export function wordsOf(line: string, from: number): Word[] {
  const words: Word[] = [];
  const finder = /[^\t\v\f\r ]+/g;
  finder.lastIndex = from;
  for (let found = finder.exec(line); found !== null; found = finder.exec(line)) {
    words.push({ text: found[0], at: found.index });
  }
  return words;
}

/** The column of a place in a line, from 1: characters, a TAB being one. */
export function columnOf(line: string, at: number): number {
  return [...line.slice(0, at)].length + 1;
}

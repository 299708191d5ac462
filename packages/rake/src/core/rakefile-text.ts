/** The bytes of a Rakefile as text (docs/rake.md R1, R5). */

import type { Faults } from "./rakefile-faults.js";

const LINE_FEED = 10;

/**
 * Undefined where there is too much of it. What is not UTF-8 is a fault of its line, and read as U+FFFD. A byte order
 * mark at the beginning is none of the text.
 */
export function decodeRakefile(text: string | Uint8Array, maxBytes: number, faults: Faults): string | undefined {
  const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
  if (bytes.length > maxBytes) {
    faults.addAt(1, 1, `a file of ${bytes.length} bytes`, `at most ${maxBytes} bytes`);
    return undefined;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    addBadLines(bytes, faults);
    return new TextDecoder("utf-8").decode(bytes);
  }
}

function addBadLines(bytes: Uint8Array, faults: Faults): void {
  let number = 0;
  let start = 0;
  while (start <= bytes.length && !faults.isFull) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed < 0 ? bytes.length : feed;
    number++;
    const line = bytes.subarray(start, end);
    if (charactersOf(line, false) === undefined) {
      faults.addAt(number, goodCharacters(line) + 1, "bytes that are not UTF-8", "UTF-8");
    }
    start = end + 1;
  }
}

/** How many whole characters stand before the first bad byte: found by halving, since with it everything behind is bad. */
function goodCharacters(line: Uint8Array): number {
  let good = 0;
  let bad = line.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (charactersOf(line.subarray(0, middle), true) === undefined) bad = middle;
    else good = middle;
  }
  return charactersOf(line.subarray(0, good), true) as number;
}

/** Undefined where they are not UTF-8; `goesOn`: a character that their end cuts is not counted, and no fault. */
function charactersOf(bytes: Uint8Array, goesOn: boolean): number | undefined {
  try {
    return [...new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes, { stream: goesOn })].length;
  } catch {
    return undefined;
  }
}

/** Commands that a server runs without a shell, because a pattern allows them (docs/rake.md R44). */

import { printable, shortened } from "./words.js";

/** Of the patterns in a refusal, in characters. */
const MAX_LISTED = 600;
/** What a shell would do something with, control characters included: a command that holds one is not split but refused. */
const METACHARACTERS = /[|&;<>()$`\\"'*?[\]{}#~!^]|[^\P{Cc}\t]/u;

/** What the words of a command must be: as many, each the same, or as a pattern with `*` says; `rest`: any more behind them. */
export interface AllowedCommand {
  readonly words: readonly string[];
  readonly rest: boolean;
}

/**
 * A pattern as it is written in an option: words with blanks between them, `*` within a word for any characters, `*` alone
 * at the end for any words, or none.
 * @throws RangeError where it has no word, or a `*` alone that is not the last
 */
export function parseAllowed(pattern: string): AllowedCommand {
  const words = wordsOf(pattern);
  const rest = words.at(-1) === "*";
  if (rest) words.pop();
  if ((words.length === 0 && !rest) || words.includes("*")) {
    throw new RangeError("allow must be patterns of at least one word, with * alone at their end only");
  }
  return { words, rest };
}

/** The words of a command, at least one; undefined where it holds what is for a shell, or names a program by a path. */
export function splitCommand(command: string): readonly string[] | undefined {
  if (METACHARACTERS.test(command)) return undefined;
  const words = wordsOf(command);
  return words.length === 0 || words[0]?.includes("/") ? undefined : words;
}

/** The words to run, where one of the patterns matches all of them; undefined where the command is not allowed. */
export function allowedWords(patterns: readonly AllowedCommand[], command: string): readonly string[] | undefined {
  const words = splitCommand(command);
  if (words === undefined) return undefined;
  return patterns.some((pattern) => isAllowed(pattern, words)) ? words : undefined;
}

/** Why a command is not allowed, and what is. */
export function refusalText(patterns: readonly AllowedCommand[], command: string): string {
  const [character] = METACHARACTERS.exec(command) ?? [];
  const allowed = patterns.map(({ words, rest }) => `"${[...words, ...(rest ? ["*"] : [])].join(" ")}"`);
  const list = shortened(allowed.join(", "), MAX_LISTED) || "nothing";
  let why = "no pattern allows the command";
  if (character !== undefined) {
    const shown = printable(JSON.stringify(character));
    why = `the command holds ${shown}, which is for a shell, and is run without one`;
  } else if (splitCommand(command) === undefined) {
    why = "the command does not begin with the name of a program";
  }
  return `${why}; allowed: ${list}`;
}

function isAllowed({ words, rest }: AllowedCommand, given: readonly string[]): boolean {
  if (rest ? given.length < words.length : given.length !== words.length) return false;
  return words.every((word, at) => wordMatches(word, given[at] as string));
}

/** The pieces between the stars stand in the word in their order: the first at its begin, the last at its end. */
function wordMatches(pattern: string, word: string): boolean {
  const pieces = pattern.split("*");
  const first = pieces.shift() as string;
  const last = pieces.pop();
  if (last === undefined) return word === first;
  if (word.length < first.length + last.length || !word.startsWith(first) || !word.endsWith(last)) return false;
  let at = first.length;
  const end = word.length - last.length;
  for (const piece of pieces) {
    const found = word.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function wordsOf(text: string): string[] {
  return text.split(/[ \t]+/).filter((word) => word !== "");
}

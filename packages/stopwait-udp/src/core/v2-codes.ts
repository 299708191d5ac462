/** Error codes of v2, in ERR and as the result in FINACK (docs/stopwait-udp.md, S34). */

import type { FileFact } from "./contract.js";

export const Code = {
  DONE: 0,
  BAD_REQUEST: 1,
  NOT_FOUND: 2,
  DENIED: 3,
  EXISTS: 4,
  TOO_LARGE: 5,
  BUSY: 6,
  NO_SESSION: 7,
  MISMATCH: 8,
  CHANGED: 9,
  FULL: 10,
  FAILED: 11,
  WAIT: 12,
  HELD: 13,
  ABORTED: 14,
  GONE: 15,
} as const;

const WORDS: readonly string[] = [
  "done",
  "bad-request",
  "not-found",
  "denied",
  "exists",
  "too-large",
  "busy",
  "no-session",
  "mismatch",
  "changed",
  "full",
  "failed",
  "wait",
  "held",
  "aborted",
  "gone",
];

/** What a person reads, and what an outcome carries; `code-N` for one that is not ours. */
export function wordOf(code: number): string {
  return WORDS[code] ?? `code-${code}`;
}

const CODES: Readonly<Record<FileFact, number>> = {
  missing: Code.NOT_FOUND,
  outside: Code.NOT_FOUND,
  "not-regular": Code.NOT_FOUND,
  exists: Code.EXISTS,
  denied: Code.DENIED,
  full: Code.FULL,
  changed: Code.CHANGED,
  failed: Code.FAILED,
};

/** The code for what the driver saw of a file. Where a name leads is told to nobody: outside is as good as missing. */
export function codeOfFact(fact: FileFact): number {
  return CODES[fact];
}

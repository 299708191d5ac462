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

/** Why a request is turned away; it names nothing that the client does not know, and no path. */
const REFUSALS: Readonly<Record<number, string>> = {
  [Code.NOT_FOUND]: "there is no such file",
  [Code.DENIED]: "its file system does not allow that",
  [Code.EXISTS]: "the name is taken",
  [Code.TOO_LARGE]: "the file is too large",
  [Code.BUSY]: "too many transfers at once",
  [Code.FULL]: "there is no room for the file",
};

/** Why nobody, or not this client, may write. */
export const NOT_WRITABLE = "this server takes no files";
export const SECRET_WANTED = "this server takes files from other machines only with its secret";
export const SECRET_WRONG = "the secret is not that of this server";
/** The name is taken, the client asked to replace it, and that is never allowed here. */
export const NO_REPLACING = "the name is taken, and this server replaces no files";
const NO_FOLDER = "there is no folder for a file of that name";

/** The text of an ERR that turns a request away; empty where there is nothing to say. */
export function refusalText(code: number, { operation, overwrite }: Wish, allowsOverwrite: boolean): string {
  if (code === Code.NOT_FOUND && operation === "put") return NO_FOLDER;
  if (code === Code.EXISTS && overwrite === true && !allowsOverwrite) return NO_REPLACING;
  return REFUSALS[code] ?? "";
}

interface Wish {
  readonly operation: "get" | "put";
  readonly overwrite?: boolean | undefined;
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

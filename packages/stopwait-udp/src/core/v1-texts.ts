/** The texts of E packets. The first two are the original's, to the letter; it has none for a refused PUT. */

import type { FileFact } from "./contract.js";

export const WRONG_NAME = "incorrect file name my dear child";
/** A file that is too big, or cannot be read. */
export const WRONG_FILE = "incorrect file my dear child";
export const READ_ONLY = "this server takes no files";
export const NO_SECRET = "this server takes no files by this protocol from other machines";
const TAKEN = "there is a file of this name";
const NO_ROOM = "there is no room for the file";

const CODES: Readonly<Record<string, string>> = {
  [WRONG_NAME]: "not-found",
  [READ_ONLY]: "denied",
  [NO_SECRET]: "denied",
  [TAKEN]: "exists",
  [NO_ROOM]: "full",
};

/** Why a file is not sent. */
export function getRefusal(fact: FileFact): string {
  return fact === "missing" || fact === "outside" || fact === "not-regular" ? WRONG_NAME : WRONG_FILE;
}

/** The code of a refusal by a server that uses these texts; `refused` for all others. */
export function refusalCode(text: string): string {
  return CODES[text] ?? "refused";
}

/** Why a file is not taken. */
export function putRefusal(fact: FileFact): string {
  if (fact === "exists") return TAKEN;
  if (fact === "full") return NO_ROOM;
  return getRefusal(fact);
}

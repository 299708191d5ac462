/** The end of a run, in words. */

import type { RunEnd } from "./messages.js";

/** "exit code 2", "signal 9", "timed out", "limited: memory", ... */
export function endText({ end, code, text }: RunEnd): string {
  const more = text === "" ? "" : `: ${text}`;
  if (end === "EXITED") return `exit code ${code}${more}`;
  if (end === "SIGNALLED") return `signal ${code}${more}`;
  if (end === "TIMED_OUT") return `timed out${more}`;
  return `${end.toLowerCase()}${more}`;
}

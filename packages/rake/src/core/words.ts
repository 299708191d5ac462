/** Times, amounts and texts of others in words, for every text that `rake` prints. */
import type { Where } from "./client-contract.js";
import type { RunEnd } from "./messages.js";

/** Control, format and direction characters, and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Surrogate}\u2028\u2029]/gu;

/** A text of a Rakefile or a server on one line, with nothing in it that steers a terminal. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (one) => {
    const code = (one.codePointAt(0) as number).toString(16);
    return code.length > 2 ? `\\u{${code}}` : `\\x${code.padStart(2, "0")}`;
  });
}

/** The lines of a message as one. */
export function oneLine(message: string): string {
  return message
    .trimEnd()
    .replace(/:\s*\n\s*/g, ": ")
    .replace(/\s*\n\s*/g, "; ");
}

/** `printable`, cut where it is longer than so many characters. */
export function shortened(text: string, most: number): string {
  const characters = [...printable(text)];
  return characters.length <= most ? characters.join("") : `${characters.slice(0, Math.max(0, most - 3)).join("")}...`;
}

/** `85 ms`, `1.2 s`, `3 m 20 s`. */
export function timeWords(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} m ${seconds % 60} s`;
}

const UNITS = ["KiB", "MiB", "GiB", "TiB"] as const;

/** `512 B`, `1.4 KiB`. */
export function sizeWords(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  let value = bytes / 1_024;
  let unit = 0;
  for (; value >= 1_023.95 && unit < UNITS.length - 1; unit++) value /= 1_024;
  return `${value.toFixed(1)} ${UNITS[unit]}`;
}

/** `1 action`, `2 actions`. */
export function countWords(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** The address of a host, `this machine`, or `the cache`. */
export function whereWords(where: Where, addresses: readonly string[]): string {
  if (where === "local") return "this machine";
  if (where === "cache") return "the cache";
  return addresses[where.host] ?? `host ${where.host}`;
}

/** `exit code 1`, `signal 9`, `TIMED_OUT`. */
export function endWords({ end, code, text }: RunEnd): string {
  if (end === "EXITED") return `exit code ${code}`;
  if (end === "SIGNALLED") return `signal ${code}`;
  return text === "" ? end : `${end} (${printable(text)})`;
}

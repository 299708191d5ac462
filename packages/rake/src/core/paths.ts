/** Paths and patterns of inputs and outputs (docs/rake.md R4, R7). */

import { MAX_PATH_BYTES } from "./message-limits.js";

const encoder = new TextEncoder();

/**
 * What is wrong with a path or pattern, as the end of a sentence that begins with it ("is absolute"); undefined where it
 * is one: relative to the Rakefile's folder, `/` between names, nothing that leads out of it (R7), 1 to 4,096 bytes.
 */
export function pathFault(path: string): string | undefined {
  if (path === "") return "is empty";
  if (path.startsWith("/")) return "is absolute";
  if (path.includes("\0")) return "holds a NUL";
  if (path.includes("\\")) return "holds a backslash";
  for (const name of path.split("/")) {
    if (name === "") return "has an empty name";
    if (name === "." || name === "..") return `has the name "${name}"`;
  }
  // A character has at most three bytes for each of its code units.
  if (path.length > MAX_PATH_BYTES / 3 && encoder.encode(path).length > MAX_PATH_BYTES) {
    return "is longer than 4,096 bytes";
  }
  return undefined;
}

/** Whether anything but itself can match it. */
export function isPattern(text: string): boolean {
  return text.includes("*");
}

/**
 * Whether a path is one that a pattern means (R4): `*` stands for any characters of one name, a leading dot too; `**`,
 * alone between slashes, for any number of folders, at the end for whatever lies below. Takes time in proportion to the
 * product of their lengths at most, whatever they are.
 */
export function matches(pattern: string, path: string): boolean {
  if (!isPattern(pattern)) return pattern === path;
  const wanted = pattern.split("/");
  const names = path.split("/");
  // What is below a folder is something: it takes one name, and any more behind it.
  if (wanted.at(-1) === "**") wanted.push("*");
  return greedy(
    wanted.length,
    names.length,
    (at) => wanted[at] === "**",
    (at, name) => nameMatches(wanted[at] as string, names[name] as string),
  );
}

function nameMatches(pattern: string, name: string): boolean {
  if (!isPattern(pattern)) return pattern === name;
  return greedy(
    pattern.length,
    name.length,
    (at) => pattern[at] === "*",
    (at, character) => pattern[at] === name[character],
  );
}

/** Each star takes as little as it can; where what follows fails, the last one takes one more. That suffices: what stood before it is matched. */
function greedy(
  patternLength: number,
  length: number,
  isStar: (at: number) => boolean,
  isSame: (at: number, index: number) => boolean,
): boolean {
  let at = 0;
  let index = 0;
  let star = -1;
  let taken = 0;
  while (index < length) {
    if (at < patternLength && isStar(at)) {
      star = at++;
      taken = index;
    } else if (at < patternLength && isSame(at, index)) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++taken;
    } else {
      return false;
    }
  }
  while (at < patternLength && isStar(at)) at++;
  return at === patternLength;
}

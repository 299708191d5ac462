/** What the messages of wire v1 are made of, and how long it may be (docs/rake.md R8, R9). */

import type { Dialect } from "./first-bytes.js";
import { pathFault } from "./paths.js";

export const MAX_U32: number = 2 ** 32 - 1;
/** Of a file's name in v1: what file systems take. */
export const MAX_V1_NAME_BYTES = 255;

const encoder = new TextEncoder();

export function integerBytes(dialect: Dialect): 4 | 8 {
  return dialect === "v1-4" ? 4 : 8;
}

/** The largest integer of a dialect, and so the largest file. */
export function maxInteger(dialect: Dialect): number {
  return dialect === "v1-4" ? MAX_U32 : Number.MAX_SAFE_INTEGER;
}

/** What is wrong with the name of a file in v1, as `pathFault` says it; undefined where it is a basename. */
export function v1NameFault(name: string): string | undefined {
  if (name.includes("/")) return "is not a basename";
  return encoder.encode(name).length > MAX_V1_NAME_BYTES ? "is longer than 255 bytes" : pathFault(name);
}

/**
 * Whether our client calls a file text (R9): UTF-8 without NUL.
 * @param start its first bytes; `isWhole` where they are all: else a character that their end cuts is no fault
 */
export function isText(start: Uint8Array, isWhole: boolean): boolean {
  if (start.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(start, { stream: !isWhole });
    return true;
  } catch {
    return false;
  }
}

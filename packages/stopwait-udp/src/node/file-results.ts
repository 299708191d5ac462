/** What the driver saw of a file, as the results of the contract. */
import { type BigIntStats, lstatSync } from "node:fs";
import type { FileResult } from "../core/contract.js";
import { FileRefusal, factOf, reasonOf } from "./file-facts.js";

/** @throws FileRefusal where a file could not get this name. A link there is not followed: overwriting replaces the link. */
export function checkFree(path: string, overwrite: boolean): void {
  const taken = lstatSync(path, { throwIfNoEntry: false });
  if (taken === undefined) return;
  if (!taken.isFile() && !taken.isSymbolicLink()) {
    throw new FileRefusal("not-regular", "the name is taken by what is no regular file");
  }
  if (!overwrite) throw new FileRefusal("exists", "the name is taken");
}

/** A whole block, or the news that the file is shorter than it was. */
export function read(id: number, bytes: Uint8Array, length: number): FileResult {
  if (bytes.length === length) return { type: "source-read", id, bytes };
  return failed(id, new FileRefusal("changed", "the file is shorter than it was"));
}

/** Whether a file that is open is still what it was when it was opened. */
export function same(id: number, opened: BigIntStats, now: BigIntStats): FileResult {
  if (etagOf(opened) === etagOf(now)) return { type: "source-same", id };
  return failed(id, new FileRefusal("changed", "the file changed while it was read"));
}

/**
 * Changes whenever the content may have changed. The time of the last change of the inode is no part of it: that also
 * changes when a file gets another name.
 */
export function etagOf({ dev, ino, size, mtimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs].map((number) => number.toString(36)).join("-");
}

/** Whatever was thrown, as a result. */
export function failed(id: number, error: unknown): FileResult {
  return { type: "effect-failed", id, fact: factOf(error), message: reasonOf(error) };
}

/** A machine asked for a file that it has not. */
export function notOpen(id: number): FileResult {
  return { type: "effect-failed", id, fact: "failed", message: "the file is not open" };
}

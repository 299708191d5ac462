/** A copy of a LevelDB folder, to be read while a server may write to the original. */
import { constants, copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BroadcastError } from "../core/errors.js";
import { usageError } from "./exit-codes.js";

/** A server that compacts its files does so now and then, not all the time. */
const MAX_TRIES = 20;

/**
 * Calls `read` with the path of a copy, and removes that afterwards. The original is read and nothing else: LevelDB itself
 * would lock it, and write to it, when it opens it.
 *
 * @throws BroadcastError `USAGE` where there is no such database, `BUSY` where it changes all the time
 */
export async function withCopy<Result>(folder: string, read: (copy: string) => Promise<Result>): Promise<Result> {
  if (!existsSync(join(folder, "CURRENT"))) throw usageError(`--log: ${folder} is not the folder of a durable log`);
  for (let tries = 1; tries <= MAX_TRIES; tries++) {
    const copy = mkdtempSync(join(tmpdir(), "broadcast-replay-"));
    try {
      if (copied(folder, copy)) return await read(copy);
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }
  throw new BroadcastError("BUSY", `${folder} changes while it is copied; ask its server`);
}

/**
 * False where which files belong to the database changed meanwhile. Files of tables never change, logs are appended to: a torn end of
 * one is dropped, as after a crash.
 */
function copied(from: string, to: string): boolean {
  const before = state(from);
  for (const name of readdirSync(from)) {
    // Neither is needed, and the lock is that of whoever has it.
    if (/^LO(CK|G|G\.old)$/.test(name)) continue;
    try {
      copyFileSync(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }
  return state(from) === before;
}

/** What changes whenever files come or go. */
function state(folder: string): string {
  const names = readdirSync(folder).sort();
  const manifests = names.filter((name) => name.startsWith("MANIFEST-"));
  try {
    return JSON.stringify([names, manifests.map((name) => statSync(join(folder, name)).size)]);
  } catch {
    return String(Math.random()); // one has gone just now: no two states are the same
  }
}

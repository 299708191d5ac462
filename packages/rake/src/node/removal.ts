/** Removes what an action left, whatever it did to modes, names and depth. */
import { execFile } from "node:child_process";
import { chmodSync, lchownSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { chmod, lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const isRoot = process.getuid?.() === 0;
/** As many are removed at once, without a trip to the thread pool for each. */
const FEW = 64;

/** @throws what the last attempt says where something of it cannot be removed */
export async function removeFolder(path: string): Promise<void> {
  try {
    if (removeFew(path, { left: FEW })) return;
  } catch {
    // One that is not there, or what the next two are for.
  }
  // It goes down step by step, and so to any depth; it follows no link that comes meanwhile, and keeps no list of all that is there.
  try {
    await execute("rm", ["-rf", "--", path]);
  } catch {
    // A folder without permissions.
    await makeEnterable(path);
    await execute("rm", ["-rf", "--", path]);
  }
}

/** False where there is more than a few; what it has removed by then is gone. @throws what Node says */
function removeFew(path: string, room: { left: number }): boolean {
  if (!lstatSync(path).isDirectory()) {
    unlinkSync(path);
    return true;
  }
  if (isRoot) take(path);
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (--room.left < 0) return false;
    const below = join(path, entry.name);
    if (!entry.isDirectory()) unlinkSync(below);
    else if (!removeFew(below, room)) return false;
  }
  rmdirSync(path);
  return true;
}

/** So that nobody else can put a link in the place of what is below while root goes there by names: it is in a folder that is root's already. */
function take(folder: string): void {
  lchownSync(folder, 0, 0);
  chmodSync(folder, 0o700);
}

async function makeEnterable(path: string): Promise<void> {
  try {
    const stat = await lstat(path);
    if (!stat.isDirectory()) return;
    if ((stat.mode & 0o700) !== 0o700) await chmod(path, 0o700);
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.isDirectory()) await makeEnterable(join(path, entry.name));
    }
  } catch {
    // What cannot be entered by its path is left to `rm`.
  }
}

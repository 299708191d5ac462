/** Removes what an action left, whatever it did to modes, names and depth. */
import { execFile } from "node:child_process";
import { chmod, lstat, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** @throws what the last attempt says where something of it cannot be removed */
export async function removeFolder(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
    return;
  } catch {
    // A folder without permissions, or a path that is too long for a name.
  }
  await makeEnterable(path);
  // It goes down step by step, and so to any depth.
  await execute("rm", ["-rf", "--", path]);
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

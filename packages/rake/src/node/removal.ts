/** Removes what an action left, whatever it did to modes, names and depth. */
import { execFile } from "node:child_process";
import { chmodSync, lchownSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { chmod, lstat, opendir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

const isRoot = process.getuid?.() === 0;
/** As many are removed at once, without a trip to the thread pool for each. */
const FEW = 64;
/** Of `rm`, at a time. */
const AT_ONCE = 8;
const ENOUGH_PARTS = 32;
const MOST_PARTS = 512;
const DEEPEST_PARTS = 4;
const MOST_LOOKED_AT = 10_000;

/** @throws what the last attempt says where something of it cannot be removed */
export async function removeFolder(path: string): Promise<void> {
  try {
    if (removeFew(path, { left: FEW })) return;
  } catch {
    // One that is not there, or what the next two are for.
  }
  // It goes down step by step, and so to any depth; it follows no link that comes meanwhile, and keeps no list of all that is there.
  await Promise.all(
    groupsOf(await partsOf(path)).map((parts) => execute("rm", ["-rf", "--", ...parts]).catch(() => {})),
  );
  try {
    await execute("rm", ["-rf", "--", path]);
  } catch {
    // A folder without permissions.
    await makeEnterable(path);
    await execute("rm", ["-rf", "--", path]);
  }
}

/**
 * Folders below it that can be removed at once: a file system that is busy lets one that removes alone wait for each folder, ten times as long
 * as eight of them. None where it is narrow; what is not below them is left to who removes it all.
 */
export async function partsOf(path: string): Promise<string[]> {
  let parts = [path];
  for (let depth = 0; depth < DEEPEST_PARTS; depth++) {
    const below: string[] = [];
    for (const folder of parts) {
      if (below.length >= MOST_PARTS) break;
      below.push(...(await foldersIn(folder, MOST_PARTS - below.length)));
    }
    if (below.length === 0) break;
    parts = below;
    if (parts.length >= ENOUGH_PARTS) return parts;
  }
  return parts.length > 1 ? parts : [];
}

/** At most so many. As root it is taken before, so that nobody puts a link in the place of one of them. */
async function foldersIn(folder: string, most: number): Promise<string[]> {
  const found: string[] = [];
  try {
    if (isRoot) take(folder);
    let looked = 0;
    for await (const entry of await opendir(folder)) {
      if (entry.isDirectory()) found.push(join(folder, entry.name));
      if (found.length >= most || ++looked >= MOST_LOOKED_AT) break;
    }
  } catch {
    // It cannot be entered, or is gone.
  }
  return found;
}

function groupsOf(parts: readonly string[]): string[][] {
  const groups = Array.from({ length: Math.min(AT_ONCE, parts.length) }, (): string[] => []);
  for (const [index, part] of parts.entries()) groups[index % AT_ONCE]?.push(part);
  return groups;
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

/** Puts outputs into their places: nothing outside of the folder is touched, whatever stands in the way (R35). */
import { randomBytes } from "node:crypto";
import { constants, lstatSync, mkdirSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { pathFault } from "../core/paths.js";

export interface Roots {
  /** The Rakefile's folder, without links. */
  readonly root: string;
  /** The state folder, without links: no output goes there. */
  readonly state: string;
}

/**
 * Where an output goes, the folders above it being made. A link to a folder within is followed; a link at the place itself is
 * not, a rename replaces it.
 * @throws Error in words that begin with what is in the way
 */
export function makeWay({ root, state }: Roots, path: string): string {
  const fault = pathFault(path);
  if (fault !== undefined) throw new Error(`the path "${path}" ${fault}`);
  const names = path.split("/");
  if (names.some(isGit)) throw new Error(`${path} is in a folder of git`);
  const last = names.pop() as string;
  let folder = root;
  for (const [index, name] of names.entries()) {
    folder = enter(root, join(folder, name), names.slice(0, index + 1).join("/"));
    // Before anything is made in it.
    if (isWithin(folder, state)) throw new Error(`${path} is in the folder of rake's own state`);
    if (relative(root, folder).split(sep).some(isGit)) throw new Error(`${path} is in a folder of git`);
  }
  const place = join(folder, last);
  if (isWithin(place, state)) throw new Error(`${path} is in the folder of rake's own state`);
  const stat = lstatSync(place, { throwIfNoEntry: false });
  if (stat?.isDirectory() === true) throw new Error(`${path} is a folder`);
  if (stat !== undefined && !stat.isFile() && !stat.isSymbolicLink()) throw new Error(`${path} is no regular file`);
  return place;
}

/** Renames it, or copies it beside its place first where that is on another file system. */
export async function moveTo(from: string, place: string): Promise<void> {
  try {
    renameSync(from, place);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
  }
  const beside = join(dirname(place), `.${basename(place).slice(0, 64)}.rake-${randomBytes(6).toString("hex")}`);
  try {
    await copyFile(from, beside, constants.COPYFILE_EXCL);
    renameSync(beside, place);
    rmSync(from, { force: true });
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

function enter(root: string, folder: string, path: string): string {
  for (;;) {
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat === undefined) {
      try {
        mkdirSync(folder);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      continue;
    }
    if (stat.isDirectory()) return folder;
    if (!stat.isSymbolicLink()) throw new Error(`${path} is no folder`);
    const target = statSync(folder, { throwIfNoEntry: false });
    if (target?.isDirectory() !== true) throw new Error(`${path} is a link that leads to no folder`);
    const real = realpathSync(folder);
    if (!isWithin(real, root)) throw new Error(`${path} is a link that leads out of the folder`);
    return real;
  }
}

/** Its hooks and its configuration are programs that run here; some file systems take any case for the same name. */
function isGit(name: string): boolean {
  return name.toLowerCase() === ".git";
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

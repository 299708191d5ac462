/** Makes a folder and those above it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * One after the other: `recursive` of Node's own tries for ever where a file system says ENOENT whatever is asked, as that of `/proc` does.
 * @param mode of each that is made
 * @throws Error that names the one that cannot be made
 */
export function makeFolder(path: string, mode: number): void {
  const whole = resolve(path);
  if (made(whole, mode)) return;
  const above = dirname(whole);
  if (above !== whole) makeFolder(above, mode);
  if (!made(whole, mode)) throw new Error(`no folder can be made in ${above}`);
}

/** False where what is above it is not there. */
function made(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return true;
    throw error;
  }
}

/** Makes a folder and those above it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * One after the other, since `recursive` of Node's own tries for ever where a file system says ENOENT to every attempt, as that of
 * `/proc` does.
 * @throws what Node says of the one that cannot be made
 */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
      throw error;
    }
    const above = dirname(folder);
    if (above === folder) throw error;
    makeFolder(above);
    mkdirSync(folder);
  }
}

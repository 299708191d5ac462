/** Makes a folder and those above it. */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { StorageError } from "./errors.js";

/**
 * One after the other, since `recursive` of Node's own tries for ever where a file system says ENOENT to every attempt, as that of
 * `/proc` does.
 * @returns the topmost folder that it made; undefined where all were there
 * @throws StorageError `FOLDER`
 */
export function makeFolder(folder: string): string | undefined {
  try {
    return make(folder);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new StorageError("FOLDER", `the folder ${folder} cannot be made (${code ?? message})`, { cause });
  }
}

function make(folder: string): string | undefined {
  try {
    mkdirSync(folder, 0o700);
    return folder;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") {
      if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return undefined;
      throw error;
    }
    const above = dirname(folder);
    if (above === folder) throw error;
    const first = make(above);
    mkdirSync(folder, 0o700);
    return first ?? folder;
  }
}

/** The folder below which all names lie: looks names up, and lets none lead out (S80). */
import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { nameFault } from "../core/names.js";
import { FileRefusal } from "./file-facts.js";
import { Folder, isOpenWithin, isWithin } from "./folder.js";

/** A link in the last element is never followed; what is no regular file is not waited for. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/** A regular file that is open for reading. */
export interface OpenedSource {
  readonly descriptor: number;
  readonly stats: BigIntStats;
}

export class RootFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  /**
   * Opens a regular file below the root. Links are followed as long as they end inside: they are resolved first, the
   * result is opened without following any, and what was opened must still lie inside.
   * @throws FileRefusal, or what the system says
   */
  openSource(name: string): OpenedSource {
    const { root, path } = this.#resolve(name);
    if (!lstatSync(path).isFile()) throw new FileRefusal("not-regular", "not a regular file"); // opening a device may do something
    const descriptor = openSync(path, READ_FLAGS);
    try {
      if (!isOpenWithin(descriptor, root, path)) throw outside();
      const stats = fstatSync(descriptor, { bigint: true });
      if (!stats.isFile()) throw new FileRefusal("not-regular", "not a regular file");
      return { descriptor, stats };
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
  }

  /**
   * The folder that a new file will stand in, held open, and the file's name in it. It must be closed.
   * @throws FileRefusal, or what the system says; `missing` where there is no such folder
   */
  openParent(name: string): { readonly folder: Folder; readonly base: string } {
    checkName(name);
    const base = basename(name);
    if (base === "." || /[/\\]$/.test(name)) throw new FileRefusal("not-regular", "the name of a directory");
    const { root, path } = this.#resolve(dirname(name));
    const folder = new Folder(path);
    if (folder.isWithin(root)) return { folder, base };
    folder.close();
    throw outside();
  }

  /** Where a name leads, with all links resolved. @throws where it leads out, or nowhere */
  #resolve(name: string): { readonly root: string; readonly path: string } {
    checkName(name);
    const root = realpathSync.native(this.path);
    const path = realpathSync.native(join(root, name));
    // A link may lead into the folder of parts, too.
    if (!isWithin(root, path) || nameFault(relative(root, path) || ".") !== undefined) throw outside();
    return { root, path };
  }
}

/** The machines look at names too; that nothing leads out must not depend on them. */
function checkName(name: string): void {
  if (nameFault(name) !== undefined) throw outside();
}

function outside(): FileRefusal {
  return new FileRefusal("outside", "not a name below the directory");
}

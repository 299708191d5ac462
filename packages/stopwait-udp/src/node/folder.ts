/** A folder held open, so that what is done in it is done in this very folder, whatever becomes of its path. */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
} from "node:fs";
import { join, sep } from "node:path";
import { promisify } from "node:util";
import { FileRefusal, hasCode } from "./file-facts.js";

const { O_RDONLY, O_DIRECTORY = 0, O_NOFOLLOW = 0 } = constants;

/** Where Linux shows what a descriptor stands for; paths that begin there are resolved from the open folder itself. */
const DESCRIPTORS = "/proc/self/fd";
const hasDescriptors: boolean = existsSync(DESCRIPTORS);
/** Windows opens no folder as a file. */
const opensFolders: boolean = process.platform !== "win32";

const fsyncLater = promisify(fsync);

export class Folder {
  /** Its path when it was opened. */
  readonly path: string;
  readonly #descriptor: number | undefined;

  /** @throws what the system says; for a link too, which is not followed */
  constructor(path: string) {
    this.path = path;
    if (opensFolders) this.#descriptor = openSync(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    else if (!lstatSync(path).isDirectory()) throw new FileRefusal("missing", "not a directory");
  }

  /** The path under which an entry of this folder is reached. On Linux nobody can lead it elsewhere. */
  at(name: string): string {
    const isHeld = hasDescriptors && this.#descriptor !== undefined;
    return join(isHeld ? `${DESCRIPTORS}/${this.#descriptor}` : this.path, name);
  }

  /** Whether it lies in the root, now that it is open: a folder on the way may have been swapped for a link meanwhile. */
  isWithin(root: string): boolean {
    return this.#descriptor === undefined || isOpenWithin(this.#descriptor, root, this.path);
  }

  get device(): number {
    return this.#descriptor === undefined ? lstatSync(this.path).dev : fstatSync(this.#descriptor).dev;
  }

  /** Brings its entries to the disk, where the system can. */
  async sync(): Promise<void> {
    if (this.#descriptor === undefined) return;
    await fsyncLater(this.#descriptor).catch((error: unknown) => {
      if (!hasCode(error, "EINVAL", "ENOTSUP", "EBADF")) throw error;
    });
  }

  close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
  }
}

/** Whether a resolved path is the root or lies below it; not a comparison of mere prefixes: /srv is not above /srv2. */
export function isWithin(root: string, path: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

/**
 * Whether what is open lies in the root. Linux tells the path of a descriptor; elsewhere `path` is resolved once more,
 * and must lead to the same file.
 */
export function isOpenWithin(descriptor: number, root: string, path: string): boolean {
  try {
    if (hasDescriptors) return isWithin(root, readlinkSync(`${DESCRIPTORS}/${descriptor}`));
    const resolved = realpathSync.native(path);
    if (!isWithin(root, resolved)) return false;
    const [opened, there] = [fstatSync(descriptor, { bigint: true }), lstatSync(resolved, { bigint: true })];
    return opened.dev === there.dev && opened.ino === there.ino;
  } catch {
    return false;
  }
}

/** The served directory on disk: facts about names, open files, listings. It takes no decision of the protocol. */
import {
  closeSync,
  constants,
  type Dir,
  fstatSync,
  lstatSync,
  opendirSync,
  openSync,
  read,
  readlinkSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from "node:fs";
import { resolve, sep } from "node:path";
import type { DirectoryEntry, FileFacts } from "../core/server-messages.js";

/** A file that was found, and its descriptor where it is a regular one. */
export interface OpenedFile {
  readonly file: FileFacts;
  readonly descriptor?: number;
}

/**
 * Not followed, since a link may lead out of the directory (it is resolved and checked instead); not blocking, since
 * opening a named pipe would wait for its writer.
 */
const OPEN_FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Looked up anew at every request: the directory may be missing at first, be removed and be made again (H2).
 *
 * Calls are synchronous where they are short: on a local file system they cost a third of what a trip to the thread
 * pool does.
 */
export class ServedDirectory {
  readonly path: string;
  readonly #prefix: string;

  constructor(path: string) {
    this.path = resolve(path);
    this.#prefix = this.path.endsWith(sep) ? this.path : this.path + sep;
  }

  /** Facts about a name. The file is opened only where the name is a link: a link can change while it is looked at. */
  stat(name: string): FileFacts {
    try {
      const stats = lstatSync(this.#prefix + name);
      if (!stats.isSymbolicLink()) return factsOf(stats);
    } catch (error) {
      return this.#failure(error);
    }
    return this.#closed(this.#openLink(name));
  }

  /** Opens a regular file; facts and content come from the same descriptor. */
  open(name: string): OpenedFile {
    const path = this.#prefix + name;
    try {
      return openRegular(path);
    } catch (error) {
      return isLinkRefusal(error) ? this.#openLink(name) : { file: this.#unreadable(error, path) };
    }
  }

  #openLink(name: string): OpenedFile {
    let target: string | undefined;
    try {
      target = this.#resolveInside(name);
    } catch (error) {
      // A way that may not be followed to its end cannot be shown to stay inside.
      return { file: hasCode(error, "EACCES") ? { kind: "outside" } : this.#failure(error) };
    }
    if (target === undefined) return { file: { kind: "outside" } };
    try {
      const opened = openRegular(target);
      if (opened.descriptor === undefined || this.#isInside(opened.descriptor, name)) return opened;
      closeSync(opened.descriptor);
      return { file: { kind: "outside" } };
    } catch (error) {
      return { file: isLinkRefusal(error) ? { kind: "outside" } : this.#unreadable(error, target) };
    }
  }

  /** What may not be opened may still be no file at all: a directory, a pipe. */
  #unreadable(error: unknown, path: string): FileFacts {
    if (!hasCode(error, "EACCES")) return this.#failure(error);
    try {
      const facts = factsOf(lstatSync(path));
      return facts.kind === "regular" ? this.#failure(error) : facts;
    } catch {
      return this.#failure(error);
    }
  }

  #closed({ file, descriptor }: OpenedFile): FileFacts {
    if (descriptor !== undefined) closeSync(descriptor);
    return file;
  }

  /** Opens the directory for listing. @throws where it is missing or refused */
  openListing(): Dir {
    return opendirSync(this.path, { bufferSize: 128 });
  }

  /** The next entries, at most `max`, and whether they are the last. */
  readListing(listing: Dir, max: number): { readonly entries: DirectoryEntry[]; readonly last: boolean } {
    const entries: DirectoryEntry[] = [];
    while (entries.length < max) {
      const entry = listing.readSync();
      if (entry === null) return { entries, last: true };
      const regular = entry.isFile() || (!entry.isDirectory() && this.stat(entry.name).kind === "regular");
      entries.push({ name: entry.name, regular });
    }
    return { entries, last: false };
  }

  /** Where a link leads, or undefined where that is not below the served directory. @throws where it leads nowhere */
  #resolveInside(name: string): string | undefined {
    const target = realpathSync.native(this.#prefix + name);
    return this.contains(realpathSync.native(this.path), target) ? target : undefined;
  }

  /**
   * Whether what was opened is still inside: a directory on the way may have been swapped for a link after the way was
   * looked at. Linux tells the path of a descriptor; elsewhere the way is looked at once more, and must end at the
   * same file.
   */
  #isInside(descriptor: number, name: string): boolean {
    try {
      return this.contains(realpathSync.native(this.path), readlinkSync(`/proc/self/fd/${descriptor}`));
    } catch (error) {
      if (!hasCode(error, "ENOENT")) return false;
    }
    const target = this.#resolveInside(name);
    if (target === undefined) return false;
    const [opened, there] = [fstatSync(descriptor), lstatSync(target)];
    return opened.dev === there.dev && opened.ino === there.ino;
  }

  /** Whether a resolved path lies below the resolved root. */
  protected contains(root: string, path: string): boolean {
    return path.startsWith(root.endsWith(sep) ? root : root + sep);
  }

  #failure(error: unknown): FileFacts {
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "ENOTDIR" && code !== "ELOOP" && code !== "ENXIO" && code !== "ENAMETOOLONG") {
      return { kind: "failed", why: message };
    }
    try {
      if (statSync(this.path).isDirectory()) return { kind: "missing" };
    } catch {
      // told below
    }
    return { kind: "no-directory", why: `the served directory ${this.path} is missing` };
  }
}

function factsOf(stats: Stats): FileFacts {
  return stats.isFile() ? { kind: "regular", size: stats.size } : { kind: "not-regular" };
}

function openRegular(path: string): OpenedFile {
  const descriptor = openSync(path, OPEN_FLAGS);
  try {
    const file = factsOf(fstatSync(descriptor));
    if (file.kind === "regular") return { file, descriptor };
    closeSync(descriptor);
    return { file };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function hasCode(error: unknown, code: string): boolean {
  return (error as NodeJS.ErrnoException).code === code;
}

/** What O_NOFOLLOW says of a symbolic link, by platform. */
function isLinkRefusal(error: unknown): boolean {
  return hasCode(error, "ELOOP") || hasCode(error, "EMLINK");
}

/** Reads up to `length` bytes at `offset`, fewer only at the end of the file. */
export function readFully(descriptor: number, target: Uint8Array, offset: number, length: number): number {
  let done = 0;
  while (done < length) {
    const count = readSync(descriptor, target, done, length - done, offset + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** As readFully(), on the thread pool. */
export async function readFullyAsync(
  descriptor: number,
  target: Uint8Array,
  offset: number,
  length: number,
): Promise<number> {
  let done = 0;
  while (done < length) {
    const from = done;
    const count = await new Promise<number>((resolve, reject) => {
      read(descriptor, target, from, length - from, offset + from, (error, bytes) =>
        error === null ? resolve(bytes) : reject(error),
      );
    });
    if (count === 0) break;
    done += count;
  }
  return done;
}

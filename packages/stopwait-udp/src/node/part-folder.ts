/** The hidden folder of parts: files under way, each written by one process at a time (S82 to S84). */
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from "node:fs";
import { link, lstat, readdir, rename, unlink } from "node:fs/promises";
import { join } from "node:path";
import { PARTS_FOLDER } from "../core/names.js";
import { FileRefusal, hasCode, reasonOf } from "./file-facts.js";
import { Folder } from "./folder.js";
import { OWNER, ownerState } from "./part-owner.js";

const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;

/** `KEY.part` belongs to nobody, `KEY.OWNER.part` to the process that writes it. */
const FORM = /^([0-9a-f]{1,64})(?:\.([0-9a-f-]+))?\.part$/;

/** Who is done with the folder removes it while it is empty, in this moment, too: how often it is made again. */
const TRIES = 10;

/** A part that is open: its descriptor, and its name in the folder of parts. */
export interface OpenedPart {
  readonly descriptor: number;
  readonly key: string;
  /** Bytes that it holds. */
  readonly length: number;
}

export class PartFolder {
  readonly #path: string;

  /** @param root the resolved folder in which it lies, hence on the same file system */
  constructor(root: string) {
    this.#path = join(root, PARTS_FOLDER);
  }

  /** The file system on which parts lie. */
  device(): number {
    return this.#in((folder) => folder.device);
  }

  /** Makes a new, empty part. @throws what the system says */
  create(key: string): OpenedPart {
    const flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
    const descriptor = unlessRemoved(() => this.#in((folder) => openSync(folder.at(owned(key)), flags, 0o666)));
    return { descriptor, key, length: 0 };
  }

  /**
   * Takes over the part of an earlier transfer, under a new key. Renaming it is what decides between two who try: the
   * second finds nothing. Answers undefined where there is none to be had.
   */
  claim(claimed: string, key: string): OpenedPart | undefined {
    return this.#in((folder) => {
      if (existsSync(folder.at(owned(key)))) throw new FileRefusal("exists", "a part of this key is being written");
      for (const name of [free(claimed), ...abandoned(folder, claimed)]) {
        try {
          renameSync(folder.at(name), folder.at(owned(key)));
        } catch (error) {
          if (hasCode(error, "ENOENT")) continue;
          throw error;
        }
        const part = openClaimed(folder, key);
        if (part !== undefined) return part;
      }
      return undefined;
    });
  }

  /** Gives a part back: whoever asks may claim it. An empty one is of no use to anybody. */
  release(key: string): void {
    this.#in((folder) => {
      const path = folder.at(owned(key));
      if (lstatSync(path).size === 0) unlinkSync(path);
      else renameSync(path, folder.at(free(key)));
    });
  }

  /** Removes a part that nobody can find any more, unless somebody is at work on it. */
  discard(key: string): void {
    this.#in((folder) => {
      for (const name of [free(key), ...abandoned(folder, key)]) {
        try {
          unlinkSync(folder.at(name));
        } catch (error) {
          if (!hasCode(error, "ENOENT")) throw error;
        }
      }
    });
  }

  remove(key: string): void {
    this.#in((folder) => unlinkSync(folder.at(owned(key))));
  }

  /** Gives a part its final name, in a folder that is held open. Without `overwrite` it fails where the name is taken. */
  async publish(key: string, parent: Folder, base: string, overwrite: boolean): Promise<void> {
    const folder = this.#open();
    try {
      const [part, final] = [folder.at(owned(key)), parent.at(base)];
      if (overwrite) await rename(part, final);
      else if (await linkOnce(part, final))
        await unlink(part).catch(() => {}); // a second name is never claimed
      else await rename(part, final);
    } finally {
      folder.close();
    }
  }

  /** Removes what nobody is at work on and was not written to since `before` (milliseconds since 1970). */
  async sweep(before: number): Promise<number> {
    let removed = 0;
    for (const name of await readdir(this.#path).catch(() => [])) {
      const form = FORM.exec(name);
      const owner = form?.[2];
      if (form === null || (owner !== undefined && ownerState(owner) === "alive")) continue;
      const path = join(this.#path, name);
      const stats = await lstat(path).catch(() => undefined);
      if (stats === undefined || stats.mtimeMs >= before) continue;
      await unlink(path).then(
        () => removed++,
        () => {},
      );
    }
    return removed;
  }

  /** Removes the folder itself where nothing is left in it. */
  removeIfEmpty(): void {
    try {
      rmdirSync(this.#path);
    } catch {
      // something is left in it, or it was never made
    }
  }

  #in<T>(work: (folder: Folder) => T): T {
    const folder = this.#open();
    try {
      return work(folder);
    } finally {
      folder.close();
    }
  }

  #open(): Folder {
    return unlessRemoved(() => this.#openOnce());
  }

  #openOnce(): Folder {
    try {
      mkdirSync(this.#path, { mode: 0o700 });
    } catch (error) {
      if (!hasCode(error, "EEXIST")) throw error;
    }
    try {
      return new Folder(this.#path);
    } catch (error) {
      if (hasCode(error, "ENOENT")) throw error;
      throw new FileRefusal("denied", `${PARTS_FOLDER} cannot be used: ${reasonOf(error)}`);
    }
  }
}

/** Does something again where the folder was not there any more. */
function unlessRemoved<T>(work: () => T): T {
  for (let left = TRIES; ; left--) {
    try {
      return work();
    } catch (error) {
      if (left === 1 || !hasCode(error, "ENOENT")) throw error;
    }
  }
}

function free(key: string): string {
  return `${checked(key)}.part`;
}

function owned(key: string): string {
  return `${checked(key)}.${OWNER}.part`;
}

/** A key that is no key would be a path. */
function checked(key: string): string {
  if (!/^[0-9a-f]{1,64}$/.test(key)) throw new TypeError(`a part's key is 1 to 64 hexadecimal digits, not ${key}`);
  return key;
}

/** Parts of a key whose process was killed over them. */
function abandoned(folder: Folder, key: string): string[] {
  return readdirSync(folder.at(".")).filter((name) => {
    const [, found, owner] = FORM.exec(name) ?? [];
    return found === key && owner !== undefined && ownerState(owner) === "gone";
  });
}

/** Opens a part that was just claimed. One with a second name is a finished file: its process died between the two. */
function openClaimed(folder: Folder, key: string): OpenedPart | undefined {
  const path = folder.at(owned(key));
  const descriptor = openSync(path, O_RDWR | O_NOFOLLOW);
  const stats = fstatSync(descriptor);
  if (stats.isFile() && stats.nlink === 1) return { descriptor, key, length: stats.size };
  closeSync(descriptor);
  unlinkSync(path);
  return undefined;
}

/**
 * Gives a file a second name, unless something has that name: a rename would replace it. Answers false where the name
 * is free and the file system knows no second names.
 */
async function linkOnce(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (!hasCode(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS")) throw error;
    if ((await lstat(to).catch(() => undefined)) !== undefined) throw new FileRefusal("exists", "the name is taken");
    return false;
  }
}

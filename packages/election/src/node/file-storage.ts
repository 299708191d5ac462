/** What a node has promised, in a file that is whole at every moment (election rules E17, E18). */
import { randomBytes } from "node:crypto";
import { lstat, open, readdir, readFile, realpath, rename, rm } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { Stored } from "../core/contract.js";
import { checkStored } from "../core/options.js";
import { StorageError } from "./errors.js";
import { FileLock } from "./file-lock.js";
import { makeFolder } from "./make-folder.js";
import type { ElectionStorage } from "./storage.js";

/** What is asked of a file system; tests hand in one that fails. */
export interface Disk {
  /** Writes a file of its own, for nobody else's eyes, and brings it to the disk. */
  writeSynced(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Brings the names in a folder to the disk. */
  syncFolder(path: string): Promise<void>;
}

const nodeDisk: Disk = {
  async writeSynced(path, text) {
    await rm(path, { force: true }); // what a process left that was killed: it is not written through
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  async syncFolder(path) {
    if (process.platform === "win32") return; // which has no such thing
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};

const KEYS = "epoch,holder,id";
/** No file of ours is longer: two ids, a number, their names. */
const MAX_LENGTH = 4_096;

/** Between `load()` and `close()`. */
interface InUse {
  /** The file itself, where links lead to it. */
  readonly path: string;
  /** What is written before it becomes the file. No other run has the same name. */
  readonly freshPath: string;
  readonly lock: FileLock;
}

class FileStorage implements ElectionStorage {
  readonly #path: string;
  readonly #disk: Disk;
  #inUse: InUse | undefined;
  #isClosing = false;
  /** Resolves when all that was asked for so far has ended. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, disk: Disk) {
    this.#path = path;
    this.#disk = disk;
  }

  load(): Promise<Stored | undefined> {
    return this.#inTurn("used", async () => {
      if (this.#inUse !== undefined) throw new StorageError("IN_USE", "it was loaded already, and not closed");
      await this.#makeFolder();
      const path = await this.#find();
      const lock = new FileLock(`${path}.lock`);
      await lock.take();
      try {
        await removeFresh(path);
        const freshPath = `${path}.${randomBytes(6).toString("hex")}.new`;
        // Also shows now, and not at the first vote, that the folder can be written to.
        await this.#disk.writeSynced(freshPath, "");
        await rm(freshPath, { force: true });
        const stored = await read(path);
        this.#inUse = { path, freshPath, lock };
        this.#isClosing = false;
        return stored;
      } catch (error) {
        await lock.release();
        throw error;
      }
    });
  }

  store(state: Stored): Promise<void> {
    const { epoch, holder, id } = state;
    const isTooLate = this.#isClosing;
    return this.#inTurn("written", async () => {
      if (this.#inUse === undefined || isTooLate) throw new StorageError("FAILED", "it is not in use");
      const { path, freshPath, lock } = this.#inUse;
      await lock.check();
      try {
        await this.#disk.writeSynced(freshPath, `${JSON.stringify({ epoch, holder, id })}\n`);
        await this.#disk.rename(freshPath, path);
      } catch (error) {
        await rm(freshPath, { force: true }).catch(() => {});
        throw error;
      }
      await this.#disk.syncFolder(dirname(path));
    });
  }

  /** What is being stored is stored to its end before the lock goes: the next process would find less than it writes. */
  close(): Promise<void> {
    this.#isClosing = true;
    return this.#inTurn("closed", async () => {
      const lock = this.#inUse?.lock;
      this.#inUse = undefined;
      await lock?.release();
    });
  }

  /** One thing after another. Every error says which file it is about. */
  #inTurn<Value>(what: string, act: () => Promise<Value>): Promise<Value> {
    const turn = this.#last.then(act).catch((cause: Error) => {
      const code = cause instanceof StorageError ? cause.code : "FAILED";
      throw new StorageError(code, `${this.#path} cannot be ${what}: ${cause.message}`, { cause });
    });
    this.#last = turn.catch(() => {});
    return turn;
  }

  /** Where the file is or will be. A link that leads nowhere is no empty storage: what it led to is not mounted, perhaps. */
  async #find(): Promise<string> {
    const path = join(await realpath(dirname(this.#path)), basename(this.#path));
    try {
      if ((await lstat(path)).isSymbolicLink()) return await realpath(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      if (await isThere(path)) {
        throw new StorageError("FAILED", "it is a link to a file that is not there: is its volume mounted?", {
          cause: error,
        });
      }
    }
    return path;
  }

  /** New folders stand in folders whose names must get to the disk as well. */
  async #makeFolder(): Promise<void> {
    const folder = dirname(this.#path);
    const first = makeFolder(folder);
    if (first === undefined) return;
    for (let made = folder; ; made = dirname(made)) {
      await this.#disk.syncFolder(dirname(made));
      if (made === first || dirname(made) === made) return;
    }
  }
}

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    () => false,
  );
}

/** What processes left that were killed while they wrote. Nobody writes one without the lock. */
async function removeFresh(path: string): Promise<void> {
  const folder = dirname(path);
  const start = `${basename(path)}.`;
  const names = (await readdir(folder)).filter((name) => name.startsWith(start) && name.endsWith(".new"));
  await Promise.all(names.map(async (name) => await rm(join(folder, name), { force: true })));
}

async function read(path: string): Promise<Stored | undefined> {
  let text: string;
  try {
    if (!(await lstat(path)).isFile()) throw new StorageError("FAILED", "it is no file");
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    if (text.length > MAX_LENGTH) throw new RangeError(`it is longer than ${MAX_LENGTH} characters`);
    const stored: unknown = JSON.parse(text);
    if (typeof stored !== "object" || stored === null || Object.keys(stored).sort().join() !== KEYS) {
      throw new TypeError(`it is not an object of ${KEYS}`);
    }
    return checkStored(stored as Stored);
  } catch (cause) {
    throw new StorageError(
      "DAMAGED",
      `it is not what a node stored (${(cause as Error).message}). What this node promised is lost: move the file away, ` +
        "and start a voting member with rejoin, so that it does not vote twice",
      { cause },
    );
  }
}

/**
 * A file of JSON, `{ epoch, holder, id }`, readable by its owner alone. It is written beside the old one, synced, renamed,
 * and the folder synced, so that either the old or the new one is there, whole, whatever happens. Folders are made.
 * While it is in use a `.lock` beside it names the process: a second node of this machine with the same file is refused. Where
 * the path is a link, the file that it leads to is the one that is locked, and written beside.
 *
 * `load()` rejects with a StorageError where the file is there but damaged, used by another process, a link to nothing, or where the
 * folder cannot be written to: a node that began from nothing would vote twice. `store()` rejects before `load()`, after `close()`, and where
 * the folder was removed meanwhile. `close()` waits for what is being stored, however long that takes, and only then lets others in.
 * @param disk for tests
 */
export function fileStorage(path: string, disk: Disk = nodeDisk): ElectionStorage {
  if (typeof path !== "string" || path === "") throw new TypeError("path must be the path of a file");
  return new FileStorage(resolve(path), disk);
}

/**
 * Where a node's file is: `FOLDER/CLUSTER/ID.json`, where everything in the names but letters, digits, `-` and `_` stands as
 * `%` and two hexadecimal digits per byte, so that no name leads out of the folder. Default folder: `.election` in the
 * working directory.
 */
export function storagePath(cluster: string, id: string, folder = ".election"): string {
  return join(folder, escaped(cluster), `${escaped(id)}.json`);
}

function escaped(name: string): string {
  return Array.from(Buffer.from(name, "utf8"), (byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9_-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }).join("");
}

/** What a node has promised, in a file that is whole at every moment (election rules E17, E18). */
import { mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { Stored } from "../core/contract.js";
import { checkStored } from "../core/options.js";
import { StorageError } from "./errors.js";
import { FileLock } from "./file-lock.js";
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

class FileStorage implements ElectionStorage {
  readonly #path: string;
  readonly #freshPath: string;
  readonly #lock: FileLock;
  readonly #disk: Disk;

  constructor(path: string, disk: Disk) {
    this.#path = path;
    this.#freshPath = `${path}.new`;
    this.#lock = new FileLock(`${path}.lock`);
    this.#disk = disk;
  }

  async load(): Promise<Stored | undefined> {
    return await this.#named("read", async () => {
      await this.#makeFolder();
      await this.#lock.take();
      try {
        // Also shows now, and not at the first vote, that the folder can be written to.
        await this.#disk.writeSynced(this.#freshPath, "");
        await rm(this.#freshPath, { force: true });
        return await this.#read();
      } catch (error) {
        await this.#lock.release();
        throw error;
      }
    });
  }

  async store(state: Stored): Promise<void> {
    const { epoch, holder, id } = state;
    await this.#named("written", async () => {
      try {
        await this.#disk.writeSynced(this.#freshPath, `${JSON.stringify({ epoch, holder, id })}\n`);
        await this.#disk.rename(this.#freshPath, this.#path);
      } catch (error) {
        await rm(this.#freshPath, { force: true }).catch(() => {});
        throw error;
      }
      await this.#disk.syncFolder(dirname(this.#path));
    });
  }

  async close(): Promise<void> {
    await this.#named("closed", async () => await this.#lock.release());
  }

  /** New folders stand in folders whose names must get to the disk as well. */
  async #makeFolder(): Promise<void> {
    const folder = dirname(this.#path);
    const first = await mkdir(folder, { recursive: true, mode: 0o700 });
    if (first === undefined) return;
    for (let made = folder; ; made = dirname(made)) {
      await this.#disk.syncFolder(dirname(made));
      if (made === first || dirname(made) === made) return;
    }
  }

  async #read(): Promise<Stored | undefined> {
    let text: string;
    try {
      text = await readFile(this.#path, "utf8");
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

  /** Every error says which file it is about. */
  async #named<Value>(what: string, act: () => Promise<Value>): Promise<Value> {
    try {
      return await act();
    } catch (cause) {
      const code = cause instanceof StorageError ? cause.code : "FAILED";
      throw new StorageError(code, `${this.#path} cannot be ${what}: ${(cause as Error).message}`, { cause });
    }
  }
}

/**
 * A file of JSON, `{ epoch, holder, id }`, readable by its owner alone. It is written beside the old one, synced, renamed,
 * and the folder synced, so that either the old or the new one is there, whole, whatever happens. Folders are made.
 * While it is in use a file `.lock` beside it names the process: a second node of this machine with the same file is refused.
 *
 * `load()` rejects with a StorageError where the file is there but damaged, used by another process, or where the folder cannot be
 * written to: a node that began from nothing would vote twice.
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

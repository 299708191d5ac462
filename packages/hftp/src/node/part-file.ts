/** The `.part` file of a download and its state file: performs the effects of a Download, decides nothing (H32). */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { MAX_STATE_LENGTH } from "../core/download-state.js";
import type { Leftover } from "../core/leftover.js";
import type { LockOwner } from "../core/lock-lines.js";
import { isAt, PartLock } from "./part-lock.js";

const READ_BYTES = 256 * 1024;
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** What stands on the disk. */
export interface Inspection {
  /** Something stands under the final name. */
  readonly exists: boolean;
  /** Somebody else writes the `.part` file. */
  readonly locked?: { readonly path: string; readonly owner: LockOwner };
  /** The `.part` file, where it is one that may be discarded or gone on with. */
  readonly part?: Leftover;
}

export class PartFile {
  /** Where the finished file goes. */
  readonly path: string;
  readonly partPath: string;
  readonly statePath: string;
  /** A state file before it gets its name. */
  readonly #freshPath: string;
  readonly #lock: PartLock;
  #handle: FileHandle | undefined;

  constructor(path: string) {
    this.path = path;
    this.partPath = `${path}.part`;
    this.statePath = `${path}.part.json`;
    this.#freshPath = `${this.statePath}.new`;
    this.#lock = new PartLock(`${path}.part.lock`);
  }

  /** Takes the lock, then looks. */
  async inspect(): Promise<Inspection> {
    const owner = await this.#lock.take();
    const exists = (await absentAsUndefined(lstat(this.path))) !== undefined;
    if (owner !== undefined) return { exists, locked: { path: this.#lock.path, owner } };
    const part = await absentAsUndefined(lstat(this.partPath));
    const state = await absentAsUndefined(stat(this.statePath));
    // A second name would be the finished file of a process that was killed while it gave it: not to be written to.
    if (part === undefined || !part.isFile() || part.nlink > 1) return { exists };
    const bytes = part.size;
    if (state === undefined || !state.isFile()) return { exists, part: { bytes } };
    const isRead = state.size <= MAX_STATE_LENGTH; // a longer one is none: as good as empty
    return { exists, part: { bytes, state: isRead ? await readFile(this.statePath, "utf8") : "" } };
  }

  /** To be called at the end, whatever became of the download. */
  async unlock(): Promise<void> {
    await this.#lock.release();
  }

  async openPart(): Promise<void> {
    this.#handle = await open(this.partPath, constants.O_RDWR | NO_FOLLOW);
  }

  async createPart(): Promise<void> {
    await this.#close();
    await this.#removeState();
    await rm(this.partPath, { force: true });
    this.#handle = await open(this.partPath, "wx+", 0o666);
  }

  async write(offset: number, chunks: readonly Uint8Array[]): Promise<void> {
    let at = offset;
    let rest = chunks.slice();
    while (rest.length > 0) {
      const { bytesWritten } = await this.#open.writev(rest, at);
      at += bytesWritten;
      rest = after(rest, bytesWritten);
    }
  }

  /** Fewer bytes than asked for where the file ends before. */
  async read(offset: number, length: number): Promise<Uint8Array> {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const { bytesRead } = await this.#open.read(bytes, filled, length - filled, offset + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return bytes.subarray(0, filled);
  }

  async saveState(text: string): Promise<void> {
    await this.#open.datasync();
    await rm(this.#freshPath, { force: true }); // what an earlier one left, or a trap: it is not written through
    try {
      const file = await open(this.#freshPath, "wx");
      try {
        await file.writeFile(text);
        await file.datasync();
      } finally {
        await file.close();
      }
      await rename(this.#freshPath, this.statePath);
    } catch (error) {
      await rm(this.#freshPath, { force: true }).catch(() => {});
      throw error;
    }
  }

  /** Reads the whole file, while the system brings it to the disk. */
  async digest(signal: AbortSignal): Promise<{ sha256: string; bytes: number }> {
    const [digest] = await Promise.all([this.#digest(signal), this.#open.datasync()]);
    return digest;
  }

  async #digest(signal: AbortSignal): Promise<{ sha256: string; bytes: number }> {
    const hash = createHash("sha256");
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    let bytes = 0;
    for (;;) {
      signal.throwIfAborted();
      const { bytesRead } = await this.#open.read(buffer, 0, buffer.length, bytes);
      if (bytesRead === 0) return { sha256: hash.digest("hex"), bytes };
      hash.update(buffer.subarray(0, bytesRead));
      bytes += bytesRead;
    }
  }

  /**
   * Answers `taken`, and leaves everything as it is, where a file stands under the final name and may not be replaced;
   * `replaced` where the `.part` file, or the one that got the final name, is not the file that was written.
   */
  async publish(overwrite: boolean): Promise<"done" | "taken" | "replaced"> {
    const handle = this.#open;
    await handle.sync();
    if (!(await isAt(this.partPath, handle))) return "replaced";
    if (overwrite) await rename(this.partPath, this.path);
    else if (!(await this.#nameOnce())) return "taken";
    if (!(await isAt(this.path, handle))) return "replaced";
    await this.#close();
    await this.#removeState();
    await syncDirectory(dirname(this.path));
    return "done";
  }

  async closePart(keep: boolean): Promise<void> {
    const own = this.#handle !== undefined && (await isAt(this.partPath, this.#handle));
    await this.#close();
    if (keep) return;
    await this.#removeState();
    if (own) await rm(this.partPath, { force: true });
  }

  async #removeState(): Promise<void> {
    await rm(this.statePath, { force: true });
    await rm(this.#freshPath, { force: true });
  }

  /** A link fails where the name is taken, a rename would replace it. Some file systems have no links. */
  async #nameOnce(): Promise<boolean> {
    try {
      await link(this.partPath, this.path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") return false;
      if ((await absentAsUndefined(lstat(this.path))) !== undefined) return false;
      await rename(this.partPath, this.path);
      return true;
    }
    await rm(this.partPath, { force: true });
    return true;
  }

  get #open(): FileHandle {
    if (this.#handle === undefined) throw new Error(`${this.partPath} is not open`);
    return this.#handle;
  }

  async #close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}

/** What of the chunks is left when so many bytes of them were written. */
function after(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  let skip = written;
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (skip < chunk.length) rest.push(chunk.subarray(skip));
    skip = Math.max(0, skip - chunk.length);
  }
  return rest;
}

async function absentAsUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** So that the new name survives a power failure; not every platform can. */
async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, "r");
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch {
    // The file is whole and has its name; this was for a power failure alone.
  }
}

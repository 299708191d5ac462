/** The lock of a `.part` file: one process at a time writes it, and a killed one holds up nobody (H32). */
import { randomBytes } from "node:crypto";
import { constants, readFileSync } from "node:fs";
import { type FileHandle, lstat, open, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { isLockText, type LockOwner, lockHolder, lockLine, unlockLine } from "../core/lock-lines.js";

const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
const MAX_BYTES = 2 ** 20;
/** How often the file may be taken away between opening and reading it: each time somebody else was done with it. */
const MAX_ATTEMPTS = 1000;

export class PartLock {
  readonly path: string;
  #handle: FileHandle | undefined;
  readonly #owner: LockOwner;

  constructor(path: string) {
    this.path = path;
    const id = randomBytes(12).toString("hex");
    this.#owner = { id, pid: process.pid, started: processFacts(process.pid)?.started ?? "-", host: hostname() || "-" };
  }

  /** Takes the lock, or answers who holds it. */
  async take(): Promise<LockOwner | undefined> {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const handle = await open(this.path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0o644);
      let taken = false;
      try {
        await this.#read(handle);
        await handle.appendFile(lockLine(this.#owner));
        const holder = lockHolder(await this.#read(handle), isAlive);
        // Only now: an owner that was dead when it was looked at cannot remove the file any more.
        if (!(await isAt(this.path, handle))) continue;
        taken = holder?.id === this.#owner.id;
        if (!taken) await handle.appendFile(unlockLine(this.#owner.id));
        else this.#handle = handle;
        return taken ? undefined : holder;
      } finally {
        if (!taken) await handle.close();
      }
    }
    throw new Error(`${this.path} comes and goes`);
  }

  /** Gives the lock back; nothing happens where it was not taken. */
  async release(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    if (handle === undefined) return;
    try {
      if (await isAt(this.path, handle)) await rm(this.path);
    } catch {
      await handle.appendFile(unlockLine(this.#owner.id)).catch(() => {}); // it cannot be removed any more
    } finally {
      await handle.close();
    }
  }

  async #read(handle: FileHandle): Promise<string> {
    const facts = await handle.stat();
    if (facts.isFile() && facts.nlink <= 1 && facts.size <= MAX_BYTES) {
      const bytes = Buffer.alloc(facts.size);
      const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
      const text = bytes.toString("latin1", 0, bytesRead);
      if (isLockText(text)) return text;
    }
    throw new Error(`${this.path} is there and is no lock file of a download: it must go before anything is fetched`);
  }
}

/** Whether a path leads to the very file that is open. */
export async function isAt(path: string, handle: FileHandle): Promise<boolean> {
  const open = await handle.stat({ bigint: true });
  try {
    const there = await lstat(path, { bigint: true });
    return there.dev === open.dev && there.ino === open.ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

/** Of a process of another machine nothing can be told: it counts as alive. */
function isAlive({ pid, started, host }: LockOwner): boolean {
  if (host !== (hostname() || "-")) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  const facts = processFacts(pid);
  if (facts === undefined) return true;
  return !facts.ended && (started === "-" || facts.started === started);
}

/** What Linux tells of a process. Undefined elsewhere. */
function processFacts(pid: number): { readonly ended: boolean; readonly started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const [state = "", started = ""] = [fields[0], fields[19]];
    return /^\d+$/.test(started) ? { ended: "ZX".includes(state), started } : undefined;
  } catch {
    return undefined;
  }
}

/** Tells two processes that were given the same file apart; one that was killed holds up nobody. */
import { readFileSync } from "node:fs";
import { open, readFile, rm } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { StorageError } from "./errors.js";

interface Owner {
  readonly pid: number;
  /** When the process started, as Linux tells it; else `-`. */
  readonly started: string;
  readonly host: string;
}

/** How often a file is looked at that another process has made and not written yet. */
const MAX_LOOKS = 10;
const LOOK_MS = 10;

/**
 * A file beside another one that says which process uses that. It catches the mistake of starting a node twice on one
 * machine, and no more: what another machine's process wrote is not believed, since nobody could tell whether it lives.
 */
export class FileLock {
  readonly #path: string;
  #isTaken = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws StorageError `IN_USE` where a process that lives has it */
  async take(): Promise<void> {
    const own: Owner = { pid: process.pid, started: startOf(process.pid) ?? "-", host: hostname() };
    for (let look = 0; ; look++) {
      if (await this.#make(own)) break;
      const owner = await this.#owner();
      if (owner !== undefined && isAlive(owner, own)) {
        throw new StorageError("IN_USE", `process ${owner.pid} uses it already (${this.#path} says so)`);
      }
      if (owner === undefined && look < MAX_LOOKS) await sleep(LOOK_MS);
      else await rm(this.#path, { force: true });
      if (look > 2 * MAX_LOOKS) throw new StorageError("IN_USE", `${this.#path} comes and goes`);
    }
    this.#isTaken = true;
  }

  async release(): Promise<void> {
    if (!this.#isTaken) return;
    this.#isTaken = false;
    await rm(this.#path, { force: true });
  }

  async #make(own: Owner): Promise<boolean> {
    try {
      const file = await open(this.#path, "wx", 0o600);
      try {
        await file.writeFile(`${JSON.stringify(own)}\n`);
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
      throw error;
    }
  }

  async #owner(): Promise<Owner | undefined> {
    try {
      const owner: unknown = JSON.parse(await readFile(this.#path, "utf8"));
      return isOwner(owner) ? owner : undefined;
    } catch {
      return undefined;
    }
  }
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== "object" || value === null) return false;
  const { pid, started, host } = value as Partial<Owner>;
  return Number.isInteger(pid) && typeof started === "string" && typeof host === "string";
}

function isAlive(owner: Owner, own: Owner): boolean {
  if (owner.host !== own.host || owner.pid <= 0) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const started = startOf(owner.pid);
  return started === undefined || owner.started === "-" || owner.started === started;
}

/** Since numbers of processes are used again. Undefined where the system does not tell. */
function startOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

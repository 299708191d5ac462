/** Tells two processes that were given the same file apart; one that was killed holds up nobody. */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, readdir, readFile, readlink, rename, rm, symlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { StorageError } from "./errors.js";

interface Owner {
  readonly pid: number;
  /** When the process started, as Linux tells it; else `-`. */
  readonly started: string;
  /** Which run of which machine this is, as Linux tells it; else `-`. Unlike a host name it does not change while a process runs. */
  readonly boot: string;
  /** Of this lock alone: what was written is never written again. */
  readonly nonce: string;
}

/** How often a lock is looked at that says nothing, as one does that another process has made and not written yet. */
const MAX_LOOKS = 10;
const LOOK_MS = 10;
/** How often the lock may be found changed while it is looked at. */
const MAX_ATTEMPTS = 100;

/**
 * A name beside a file that says which process uses that. It catches the mistake of starting a node twice on one machine, and no
 * more: what another machine's process wrote is not believed, since nobody could tell whether it lives; neither is that of a process
 * of another container that does not see this one's.
 *
 * It is a symbolic link whose target is the text, because that is made at once, whole and at most once, and a process may
 * be paused anywhere. (Where the file system has no links, it is a file.)
 *
 * A dead owner's lock is never removed by those who want it: two that judged it dead would each remove what they
 * find, one of them the other's. Instead each tries to make the one name that succeeds that owner, `PATH.DIGEST`, of what the dead lock says.
 * Whoever makes it succeeds; if it dies then, it has a successor by the same rule. The last of that line renames
 * its name to `PATH`, which replaces the dead lock. Only then may names of the line be removed; so whoever made one and still finds at
 * `PATH` what it found at first knows that none was removed meanwhile, and that it is the only successor.
 */
export class FileLock {
  readonly #path: string;
  #own: string | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws StorageError `IN_USE` where a process that lives has it */
  async take(): Promise<void> {
    const own = JSON.stringify(describe(process.pid));
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (!(await this.#tryToTake(own))) continue;
      this.#own = own;
      return await this.#sweep();
    }
    throw new StorageError("IN_USE", `${this.#path} comes and goes`);
  }

  /** @throws StorageError `FAILED` where it is not there any more */
  async check(): Promise<void> {
    if (this.#own !== undefined && (await read(this.#path)) === this.#own) return;
    throw new StorageError(
      "FAILED",
      `${this.#path} is not there any more: its folder was removed, moved or unmounted. Until it is back, ` +
        "or the node is started anew, nothing is written",
    );
  }

  /** Removes what `take()` made, and nobody else's. */
  async release(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    if (own !== undefined && (await read(this.#path)) === own) await rm(this.#path, { force: true });
  }

  /** False: what was found is no longer so. */
  async #tryToTake(own: string): Promise<boolean> {
    const first = await read(this.#path);
    if (first === undefined) return await make(this.#path, own);
    let last = first;
    let path = this.#path;
    for (;;) {
      if (!(await this.#isDead(last, path))) return false;
      path = this.#successorOf(last);
      const next = await read(path);
      if (next !== undefined) last = next;
      else if (await make(path, own)) break;
      else return false;
    }
    if ((await read(this.#path)) === first) {
      await rename(path, this.#path);
      return true;
    }
    await rm(path, { force: true });
    return false;
  }

  /** False: what was found is no longer so. */
  async #isDead(text: string, path: string): Promise<boolean> {
    const owner = parse(text);
    for (let look = 0; owner === undefined && look < MAX_LOOKS; look++) {
      await sleep(LOOK_MS);
      if ((await read(path)) !== text) return false;
    }
    if (owner === undefined || !isAlive(owner)) return true;
    throw new StorageError(
      "IN_USE",
      `process ${owner.pid} uses it already (${this.#path} says so; if that is another program, remove it)`,
    );
  }

  #successorOf(text: string): string {
    return `${this.#path}.${createHash("sha256").update(text).digest("hex").slice(0, 24)}`;
  }

  /** The names of a line that has ended; nobody needs them once the lock is ours. */
  async #sweep(): Promise<void> {
    const folder = dirname(this.#path);
    const start = `${basename(this.#path)}.`;
    const names = (await readdir(folder)).filter((name) => name.startsWith(start));
    await Promise.all(names.map(async (name) => await rm(join(folder, name), { force: true })));
  }
}

/** Whether it was made; false where it is there already. */
async function make(path: string, text: string): Promise<boolean> {
  try {
    await symlink(text, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST") return (await read(path)) === text; // a network file system may answer a repeated request so
    if (code !== "EPERM" && code !== "ENOSYS" && code !== "ENOTSUP" && code !== "EOPNOTSUPP") throw error;
  }
  return await makeFile(path, text);
}

async function makeFile(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Undefined where there is none. */
async function read(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code !== "EINVAL" && code !== "UNKNOWN" && code !== "ENOSYS") throw error;
  }
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function parse(text: string): Owner | undefined {
  try {
    const owner: unknown = JSON.parse(text);
    return isOwner(owner) ? owner : undefined;
  } catch {
    return undefined;
  }
}

function isOwner(value: unknown): value is Owner {
  if (typeof value !== "object" || value === null) return false;
  const { pid, started, boot, nonce } = value as Partial<Owner>;
  return Number.isInteger(pid) && typeof started === "string" && typeof boot === "string" && typeof nonce === "string";
}

function describe(pid: number): Owner {
  const nonce = randomBytes(12).toString("hex");
  return { pid, started: statusOf(pid)?.started ?? "-", boot: bootId(), nonce };
}

function isAlive(owner: Owner): boolean {
  if (owner.boot !== bootId() || owner.pid <= 0) return false;
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const status = statusOf(owner.pid);
  if (status === undefined || owner.started === "-") return true;
  return owner.started === status.started && !status.isDead;
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "-";
  }
}

/**
 * Since numbers of processes are used again, and one that was killed keeps its number until its parent looks.
 * Undefined where the system does not tell.
 */
function statusOf(pid: number): { readonly started: string; readonly isDead: boolean } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state = "", ...fields] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { started: fields[18] ?? "-", isDead: state === "Z" || state === "X" };
  } catch {
    return undefined;
  }
}

/** The folder of a server: its store, its attempts, and the mark of who uses it (R45, R46). */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { RakeError } from "../core/errors.js";
import { makeFolder } from "./make-folder.js";
import { killIn } from "./process-scan.js";
import { removeFolder } from "./removal.js";
import { messageOf } from "./trouble.js";

const MARK = "used-by";
const TEMPORARY = "rake-serve-";

/** Who uses it; the start time tells a process from a later one with its number, the boot from a machine that has restarted. */
interface Mark {
  readonly pid: number;
  readonly startedAt: string;
  readonly boot: string;
}

export class StateFolder {
  /** With no links in it: attempts are recognised by it. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  get store(): string {
    return join(this.path, "store");
  }
  get uploads(): string {
    return join(this.path, "uploads");
  }
  get runs(): string {
    return join(this.path, "runs");
  }
  get fifos(): string {
    return join(this.path, "fifos");
  }

  /**
   * Takes it for this process, and clears away what an earlier server left: processes, attempts and uploads; the store too, where the
   * machine has restarted without that server having closed: what it had not written to the disk by then may be anything.
   * @param what what a message calls it where another server uses it
   * @throws RakeError `FOLDER` where another server uses it, or it cannot be used
   */
  static async open(path: string, what: string = path): Promise<StateFolder> {
    try {
      makeFolder(path, 0o711);
      const folder = new StateFolder(realpathSync(path));
      folder.#checkOwner();
      const left = folder.#take(what);
      await folder.#clear(left);
      return folder;
    } catch (cause) {
      if (cause instanceof RakeError) throw cause;
      throw new RakeError("FOLDER", `${path} cannot be used: ${messageOf(cause)}`, { cause });
    }
  }

  /** Gives it up: all attempts are gone. */
  close(): void {
    rmSync(this.uploads, { recursive: true, force: true });
    rmSync(this.fifos, { recursive: true, force: true });
    rmSync(this.#mark, { force: true });
  }

  get #mark(): string {
    return join(this.path, MARK);
  }

  /** Another user's folder, or one that others may write in, could hold anything. */
  #checkOwner(): void {
    const { uid, mode } = statSync(this.path);
    if (uid !== process.getuid?.()) throw new RakeError("FOLDER", `${this.path} belongs to another user`);
    if ((mode & 0o022) !== 0) chmodSync(this.path, mode & 0o755);
  }

  /** @returns the mark of a server that did not close it */
  #take(what: string): Mark | undefined {
    const own: Mark = { pid: process.pid, startedAt: startTime(process.pid), boot: bootId() };
    for (let attempt = 0; attempt < 10; attempt++) {
      try {
        writeFileSync(this.#mark, JSON.stringify(own), { flag: "wx", mode: 0o600 });
        return this.#leftBehind;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      }
      const mark = readMark(this.#mark);
      if (
        mark !== undefined &&
        mark.boot === own.boot &&
        startTime(mark.pid) === mark.startedAt &&
        mark.startedAt !== ""
      ) {
        throw new RakeError("FOLDER", `${what} is in use by another server, process ${mark.pid}`);
      }
      this.#leftBehind = mark ?? { pid: 0, startedAt: "", boot: "" };
      // By a rename: of two that find it, one alone takes it away.
      const aside = `${this.#mark}-${randomBytes(6).toString("hex")}`;
      try {
        renameSync(this.#mark, aside);
        rmSync(aside, { force: true });
      } catch {
        // The other one has.
      }
    }
    throw new RakeError("FOLDER", `${this.path} is being taken by others`);
  }

  #leftBehind: Mark | undefined;

  async #clear(left: Mark | undefined): Promise<void> {
    if (left !== undefined && !(await killIn(this.runs))) {
      throw new RakeError("FOLDER", "processes of an earlier server cannot be ended");
    }
    if (left !== undefined && left.boot !== bootId()) await removeFolder(this.store);
    for (const path of [this.uploads, this.fifos, this.runs]) await removeFolder(path);
    for (const name of readdirSync(this.path)) {
      if (name.startsWith("used-by-")) rmSync(join(this.path, name), { force: true });
    }
    for (const path of [this.store, this.uploads, this.fifos]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      chmodSync(path, 0o700);
    }
    // Actions of another user must be able to pass, and see nothing there.
    mkdirSync(this.runs, { mode: 0o711 });
  }
}

function readMark(path: string): Mark | undefined {
  try {
    const { pid, startedAt, boot } = JSON.parse(readFileSync(path, "utf8")) as Mark;
    if (Number.isInteger(pid) && typeof startedAt === "string" && typeof boot === "string")
      return { pid, startedAt, boot };
  } catch {
    // Cut short by a power failure, or gone.
  }
  return undefined;
}

/** "" where there is no such process. */
function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return "";
  }
}

/** The folder that is named, or the default one: see `ServeOptions`. @throws RakeError `FOLDER` */
export async function openServerFolder(path: string | undefined, port: number): Promise<StateFolder> {
  if (path !== undefined) return await StateFolder.open(path);
  if (port !== 0) {
    const isRoot = process.getuid?.() === 0;
    const cache = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
    const own = join(isRoot ? "/var/cache" : cache, "rake", `serve-${port}`);
    return await StateFolder.open(own, `port ${port}, whose folder is ${own},`);
  }
  await clearTemporary();
  const made = mkdtempSync(join(tmpdir(), TEMPORARY));
  chmodSync(made, 0o711); // actions of another user must be able to pass
  return await StateFolder.open(made);
}

/** Temporary folders of servers that were killed. One without a mark is being made, or being removed. */
async function clearTemporary(): Promise<void> {
  for (const name of readdirSync(tmpdir()).filter((one) => one.startsWith(TEMPORARY))) {
    const path = join(tmpdir(), name);
    if (!existsSync(join(path, MARK))) continue;
    try {
      (await StateFolder.open(path)).close();
      await removeFolder(path);
    } catch {
      // It is in use, or another user's.
    }
  }
}

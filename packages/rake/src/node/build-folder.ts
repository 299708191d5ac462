/** The state folder of a client (`.rake` beside the Rakefile): what is kept between builds, and the folder of this one. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, readlinkSync, realpathSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { RakeError } from "../core/errors.js";
import { makeFolder } from "./make-folder.js";
import { isAlive, killIn } from "./process-scan.js";
import { removeFolder } from "./removal.js";
import { messageOf } from "./trouble.js";

/** `machine-pid-start-random`: whose it is shows as soon as it is there. */
const NAME = /^([0-9a-f]{12})-(\d{1,10})-(\d{0,20})-[0-9a-f]{12}$/;
/** Of another machine or container, which cannot be asked: it is taken for left behind then. */
const FOREIGN_MS = 24 * 3_600_000;

/**
 * Several builds may use one state folder at once: each has a folder of its own in it, and of what is kept the last writer
 * wins, whole. What a build that was killed has left is removed by the next one, processes of local actions included.
 */
export class BuildFolder {
  /** Without links. */
  readonly root: string;
  readonly state: string;
  /** Of this build alone. */
  readonly own: string;

  private constructor(root: string, state: string, own: string) {
    this.root = root;
    this.state = state;
    this.own = own;
  }

  /**
   * @param state an absolute path
   * @throws RakeError `FOLDER` where one of them cannot be used
   */
  static async open(root: string, state: string): Promise<BuildFolder> {
    try {
      const realRoot = realpathSync(root);
      if (!statSync(realRoot).isDirectory()) throw new Error("it is not a folder");
      makeFolder(join(state, "builds"), 0o700);
      const realState = realpathSync(state);
      try {
        writeFileSync(join(realState, ".gitignore"), "*\n", { flag: "wx" });
      } catch {
        // It is there, or it is not worth a build.
      }
      const builds = join(realState, "builds");
      await removeLeft(builds);
      const name = `${machine()}-${process.pid}-${startOf(process.pid)}-${randomBytes(6).toString("hex")}`;
      mkdirSync(join(builds, name), { mode: 0o700 });
      return new BuildFolder(realRoot, realState, join(builds, name));
    } catch (cause) {
      throw new RakeError("FOLDER", `${state} cannot be used: ${messageOf(cause)}`, { cause });
    }
  }

  /** Every process and attempt of it is gone. */
  async close(): Promise<void> {
    await removeFolder(this.own);
  }
}

async function removeLeft(builds: string): Promise<void> {
  for (const name of readdirSync(builds)) {
    const path = join(builds, name);
    if (!isLeft(name, path)) continue;
    try {
      await killIn(path);
      await removeFolder(path);
    } catch {
      // Another build removes it too, or the next one tries again.
    }
  }
}

function isLeft(name: string, path: string): boolean {
  const [, where, pid = "", start = ""] = NAME.exec(name) ?? [];
  if (where === undefined) return false;
  if (where === machine()) return !isThere(Number(pid)) || startOf(Number(pid)) !== start;
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > FOREIGN_MS;
}

function isThere(pid: number): boolean {
  if (process.platform === "linux") return isAlive(pid);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Tells where the numbers of processes mean the same: one machine, since it was started, and one namespace. */
function machine(): string {
  const parts = [hostname()];
  for (const read of [
    () => readFileSync("/proc/sys/kernel/random/boot_id", "utf8"),
    () => readlinkSync("/proc/self/ns/pid"),
  ]) {
    try {
      parts.push(read());
    } catch {
      parts.push("");
    }
  }
  return createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 12);
}

/** Tells a process from a later one with its number; "" where that cannot be known. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

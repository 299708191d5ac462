/** Finds processes of attempts by what they cannot easily shed: their environment at the start, and where they are (Linux: /proc). */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { MARKER } from "./launch.js";

function marked(pid: string, folder: string): boolean {
  const within = (path: string): boolean => path === folder || path.startsWith(`${folder}/`);
  try {
    const environment = readFileSync(`/proc/${pid}/environ`, "latin1");
    const start = environment.startsWith(`${MARKER}=`) ? 0 : environment.indexOf(`\0${MARKER}=`) + 1;
    if (environment.startsWith(`${MARKER}=`, start)) {
      const end = environment.indexOf("\0", start);
      const value = environment.slice(start + MARKER.length + 1, end < 0 ? undefined : end);
      if (within(Buffer.from(value, "latin1").toString("utf8"))) return true;
    }
  } catch {
    // It has ended, or is another user's.
  }
  try {
    return within(readlinkSync(`/proc/${pid}/cwd`).replace(/ \(deleted\)$/, ""));
  } catch {
    return false;
  }
}

/** The processes whose attempt has its folder there or below. Those that have ended and are not yet buried do not count. */
export function processesIn(folder: string): number[] {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  const own = String(process.pid);
  return pids.filter((pid) => pid !== own && isAlive(pid) && marked(pid, folder)).map(Number);
}

/** Not gone, and no zombie. */
export function isAlive(pid: number | string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const state = stat[stat.lastIndexOf(")") + 2];
    return state !== "Z" && state !== "X";
  } catch {
    return false;
  }
}

/** Kills them until none is found; false where some cannot be killed, or come faster than they go. */
export async function killIn(folder: string): Promise<boolean> {
  for (let round = 0; round < 200; round++) {
    const pids = processesIn(folder);
    if (pids.length === 0) return true;
    // What is stopped cannot fork: so none escapes between being found and being killed.
    for (const signal of ["SIGSTOP", "SIGKILL"] as const) {
      for (const pid of pids) {
        try {
          process.kill(pid, signal);
        } catch {
          // It was faster.
        }
      }
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(50, 1 + round)));
  }
  return false;
}

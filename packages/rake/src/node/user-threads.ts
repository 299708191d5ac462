/** How many processes and threads a user has: what the system counts against a limit on processes (setrlimit(2), RLIMIT_NPROC). */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";

/** Looking at every process of the machine takes longer than starting one. */
const KEPT_MS = 2_000;

let kept: { readonly uid: number; readonly at: number; readonly count: number } | undefined;

/** At most two seconds old. @param now milliseconds that never go back */
export function threadsOf(uid: number, now: number): number {
  if (kept === undefined || kept.uid !== uid || now - kept.at > KEPT_MS) kept = { uid, at: now, count: counted(uid) };
  return kept.count;
}

function counted(uid: number): number {
  let pids: string[];
  try {
    pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    // No Linux: each line is a process.
    return (spawnSync("ps", ["-U", String(uid), "-o", "pid="], { encoding: "utf8" }).stdout ?? "").split("\n").length;
  }
  let count = 0;
  for (const pid of pids) {
    try {
      if (statSync(`/proc/${pid}`).uid !== uid) continue;
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      // The 20th field (proc(5)); the second, a name, may have blanks in it.
      count += Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[17]);
    } catch {
      // It has ended.
    }
  }
  return count;
}

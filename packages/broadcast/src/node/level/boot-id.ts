/** Which boot of the machine this is: what was written without a sync is still there as long as it is the same (docs/broadcast.md B25). */
import { readFile } from "node:fs/promises";

/**
 * Linux draws an id at every boot. Elsewhere there is none that a program can read without another program, and the answer is the
 * empty name: it counts as another boot each time, so that the epoch of a log with `written` goes on after a clean close alone.
 */
export async function readBootId(file = "/proc/sys/kernel/random/boot_id"): Promise<string> {
  try {
    return (await readFile(file, "utf8")).trim();
  } catch {
    return "";
  }
}

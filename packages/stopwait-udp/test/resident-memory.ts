/** Resident memory of another process, in bytes. */
import { existsSync, readFileSync } from "node:fs";
import { run } from "../../../test/process.js";

export async function residentBytes(pid: number): Promise<number> {
  const status = `/proc/${pid}/status`;
  if (existsSync(status)) return 1024 * Number(/^VmRSS:\s*(\d+) kB$/m.exec(readFileSync(status, "utf8"))?.[1]);
  const { stdout } = await run("ps", ["-o", "rss=", "-p", String(pid)]);
  return 1024 * Number(stdout.trim());
}

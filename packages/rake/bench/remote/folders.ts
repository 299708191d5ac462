/** Folders of a benchmark, gone when it is. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made = new Set<string>();
process.once("exit", () => {
  for (const path of made) rmSync(path, { recursive: true, force: true });
});

export function newFolder(): string {
  const path = mkdtempSync(join(tmpdir(), "rake-bench-"));
  made.add(path);
  return path;
}

export function removeFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  made.delete(path);
}

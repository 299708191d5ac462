/** Before all tests, a folder for the programs that they start (programs.ts); after them, it is gone. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), "lab-programs-"));
  process.env["LAB_PROGRAMS"] = folder;
  // While vitest watches, sources change between its runs.
  project.onTestsRerun(async () => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { mode: 0o700 });
  });
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove); // of a run that is told to end, vitest runs no more than this
  return remove;
}

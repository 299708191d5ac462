/** The command as the one file that all tests start (test/programs.ts). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";

const source = new URL("../../src/cli/main.ts", import.meta.url);

export interface BundledCommand {
  readonly path: string;
  /** An empty folder in which it runs, for a file of tests. */
  readonly folder: string;
  readonly start: (...args: readonly string[]) => RunningProcess;
}

/** For a file of tests: its folder goes with it. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const folder = mkdtempSync(join(base, "run-"));
  // The page is a folder of files that the dashboard finds beside itself: tests of --ui run the sources.
  const path = bundled(source, ["../node/dashboard.js"]);
  return { path, folder, start: (...args) => start(process.execPath, [path, ...args], { cwd: folder }) };
}

/** The command as the one file that all tests start (test/programs.ts). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";

export interface BundledCommand {
  readonly path: string;
  /** Starts it in a folder; notes of how to go on with a transfer are kept in `.state` there. */
  readonly start: (args: readonly string[], cwd: string) => RunningProcess;
  /** An empty folder, gone at the end of the file of tests: tests that run beside each other have one each. */
  readonly emptyFolder: () => string;
}

/** For a file of tests: its folders go with it. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const path = bundled(new URL("../../src/cli/main.ts", import.meta.url));
  return {
    path,
    start: (args, cwd) =>
      start(process.execPath, [path, ...args], { cwd, env: { XDG_STATE_HOME: join(cwd, ".state") } }),
    emptyFolder: () => mkdtempSync(join(base, "run-")),
  };
}

/** The command as one file that plain Node runs: most of the time of a short command would be the compiler's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";

const source = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

export interface BundledCommand {
  readonly path: string;
  /** Starts it in a folder; notes of how to go on with a transfer are kept in `.state` there. */
  readonly start: (args: readonly string[], cwd: string) => RunningProcess;
  /** An empty folder, gone at the end of the file of tests: tests that run beside each other have one each. */
  readonly emptyFolder: () => string;
}

/** Bundles the command, once for a file of tests. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const path = join(base, "stopwait.cjs");
  const into = { platform: "node", target: "node20", format: "cjs", outfile: path } as const;
  buildSync({ entryPoints: [source], bundle: true, ...into, logLevel: "error" });
  return {
    path,
    start: (args, cwd) =>
      start(process.execPath, [path, ...args], { cwd, env: { XDG_STATE_HOME: join(cwd, ".state") } }),
    emptyFolder: () => mkdtempSync(join(base, "run-")),
  };
}

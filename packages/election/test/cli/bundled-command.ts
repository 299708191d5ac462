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
  /** An empty folder in which it runs, for a file of tests. */
  readonly folder: string;
  readonly start: (...args: readonly string[]) => RunningProcess;
}

/** Bundles the command, once for a file of tests. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  afterAll(() => rmSync(base, { recursive: true, force: true }));
  const path = join(base, "election.cjs");
  const folder = mkdtempSync(join(base, "run-"));
  // The page is a folder of files that the dashboard finds beside itself: tests of --ui run the sources.
  const external = ["../node/dashboard.js"];
  const into = { platform: "node", target: "node20", format: "cjs", outfile: path } as const;
  buildSync({ entryPoints: [source], bundle: true, external, ...into, logLevel: "error" });
  return { path, folder, start: (...args) => start(process.execPath, [path, ...args], { cwd: folder }) };
}

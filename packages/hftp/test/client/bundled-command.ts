/** The command as one file that plain Node runs: most of the time of a short command would be the compiler's. */
import { join } from "node:path";
import { buildSync } from "esbuild";
import { type RunningProcess, start } from "../../../../test/process.js";

const source = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");

/** Bundles the command into a folder; answers how to start it. */
export function bundleCommand(folder: string): {
  readonly path: string;
  readonly start: (args: readonly string[], cwd: string, input?: string) => RunningProcess;
} {
  const path = join(folder, "hftp.cjs");
  const into = { platform: "node", target: "node20", format: "cjs", outfile: path } as const;
  buildSync({ entryPoints: [source], bundle: true, ...into, logLevel: "error" });
  return {
    path,
    start: (args, cwd, input) =>
      start(process.execPath, [path, ...args], { cwd, ...(input === undefined ? {} : { input }) }),
  };
}

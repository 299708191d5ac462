/** The command as the one file that all tests start (test/programs.ts). */
import { type RunningProcess, start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";

export interface BundledCommand {
  readonly path: string;
  readonly start: (args: readonly string[], cwd: string, input?: string) => RunningProcess;
}

export function bundleCommand(): BundledCommand {
  const path = bundled(new URL("../../src/cli/main.ts", import.meta.url));
  return {
    path,
    start: (args, cwd, input) =>
      start(process.execPath, [path, ...args], { cwd, ...(input === undefined ? {} : { input }) }),
  };
}

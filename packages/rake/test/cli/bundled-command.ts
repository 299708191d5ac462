/** The command as the one file that all tests start (test/programs.ts). */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type Exit, type RunningProcess, start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";

export interface BundledCommand {
  /** Of the bundle. */
  readonly path: string;
  readonly start: (folder: string, ...args: readonly string[]) => RunningProcess;
  /** Runs it to its end. */
  readonly run: (folder: string, ...args: readonly string[]) => Promise<Exit>;
  /** Starts a server on a free port, which ends with the tests of the file; its address. */
  readonly serve: (
    ...args: readonly string[]
  ) => Promise<{ readonly process: RunningProcess; readonly address: string }>;
}

/** For a file of tests: what it serves ends with it. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  const servers: RunningProcess[] = [];
  afterAll(async () => {
    // As Ctrl-C would: so that they take their folders with them.
    for (const server of servers) server.signal("SIGINT");
    await Promise.all(servers.map(({ exited }) => exited));
    rmSync(base, { recursive: true, force: true });
  });
  const path = bundled(new URL("../../src/cli/main.ts", import.meta.url));
  const run = (folder: string, ...args: readonly string[]): RunningProcess =>
    start(process.execPath, [path, ...args], { cwd: folder });
  return {
    path,
    start: run,
    run: async (folder, ...args) => await run(folder, ...args).exited,
    serve: async (...args) => {
      const server = run(base, "serve", "--port", "0", ...args);
      servers.push(server);
      return { process: server, address: `127.0.0.1:${await server.port()}` };
    },
  };
}

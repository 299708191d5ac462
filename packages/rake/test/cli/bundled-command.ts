/** The command as one file that plain Node runs: most of the time of a short command would be the compiler's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { type Exit, type RunningProcess, start } from "../../../../test/process.js";

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

/** Bundles the command, once for a file of tests. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  const servers: RunningProcess[] = [];
  afterAll(async () => {
    // As Ctrl-C would: so that they take their folders with them.
    for (const server of servers) server.signal("SIGINT");
    await Promise.all(servers.map(({ exited }) => exited));
    rmSync(base, { recursive: true, force: true });
  });
  const path = join(base, "rake.cjs");
  const entry = join(import.meta.dirname, "..", "..", "src", "cli", "main.ts");
  const into = { platform: "node", target: "node20", format: "cjs", outfile: path } as const;
  buildSync({ entryPoints: [entry], bundle: true, ...into, logLevel: "error" });
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

/** The command as one file that plain Node runs: most of the time of a short command would be the compiler's. */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterAll } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";

const own = join(import.meta.dirname, "..", "..");

/** A process whose standard input is a pipe that is written to while it runs. */
export interface Typist {
  readonly process: RunningProcess;
  readonly type: (line: string) => void;
  /** The end of the input; not before the process has said something, for then it has opened the pipe. */
  readonly end: () => void;
}

export interface BundledCommand {
  readonly path: string;
  /** An empty folder in which it runs, for a file of tests. */
  readonly folder: string;
  readonly start: (...args: readonly string[]) => RunningProcess;
  readonly startTyping: (...args: readonly string[]) => Typist;
  /** Starts a server on a free port. */
  readonly serve: (
    ...args: readonly string[]
  ) => Promise<{ readonly process: RunningProcess; readonly address: string }>;
  /** Runs it to its end. */
  readonly run: (
    ...args: readonly string[]
  ) => Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>;
}

/** Bundles the command, once for a file of tests. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  const pipes: number[] = [];
  afterAll(() => {
    for (const pipe of pipes) closeSync(pipe);
    rmSync(base, { recursive: true, force: true });
  });
  const path = join(base, "broadcast.cjs");
  const folder = mkdtempSync(join(base, "run-"));
  // Optional, and partly machine code: found where they are installed.
  const external = ["classic-level", "ioredis", "@nats-io/*"];
  symlinkSync(join(own, "node_modules"), join(base, "node_modules"));
  const into = { platform: "node", target: "node20", format: "cjs", outfile: path } as const;
  buildSync({ entryPoints: [join(own, "src/cli/main.ts")], bundle: true, external, ...into, logLevel: "error" });
  const run = (...args: readonly string[]): RunningProcess => start(process.execPath, [path, ...args], { cwd: folder });
  return {
    path,
    folder,
    start: run,
    startTyping: (...args) => {
      const name = join(mkdtempSync(join(base, "pipe-")), "in");
      execFileSync("mkfifo", [name]);
      const pipe = openSync(name, "r+"); // both ends: else it would wait for the process
      pipes.push(pipe);
      const running = start("sh", ["-c", 'exec "$@" <"$0"', name, process.execPath, path, ...args], { cwd: folder });
      return {
        process: running,
        type: (line) => void writeSync(pipe, `${line}\n`),
        end: () => {
          pipes.splice(pipes.indexOf(pipe), 1);
          closeSync(pipe);
        },
      };
    },
    serve: async (...args) => {
      const server = run("serve", "--listen", "127.0.0.1:0", ...args);
      return { process: server, address: `127.0.0.1:${await server.port()}` };
    },
    run: async (...args) => await run(...args).exited,
  };
}

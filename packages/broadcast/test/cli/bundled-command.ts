/** The command as the one file that all tests start (test/programs.ts). */
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { type RunningProcess, start } from "../../../../test/process.js";
import { bundled } from "../../../../test/programs.js";

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

/** For a file of tests: its folder and pipes go with it. */
export function bundleCommand(): BundledCommand {
  const base = mkdtempSync(join(tmpdir(), "lab-command-"));
  const pipes: number[] = [];
  afterAll(() => {
    for (const pipe of pipes) closeSync(pipe);
    rmSync(base, { recursive: true, force: true });
  });
  const path = bundled(new URL("../../src/cli/main.ts", import.meta.url));
  const folder = mkdtempSync(join(base, "run-"));
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

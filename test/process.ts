/**
 * The one way in which tests, examples and scripts start a process: in a process group of its own, so that ending it
 * ends everything that it started, and never left behind when the parent exits.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface ProcessOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Handed to the process as its whole standard input; default: no input (end of file at once). */
  readonly input?: string | Uint8Array;
  /** Called with each line of standard output as it arrives. */
  readonly onLine?: (line: string) => void;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

const running = new Set<RunningProcess>();
const endAll = (): void => {
  for (const one of running) one.kill("SIGKILL");
};
process.on("exit", endAll);
// A process that dies of a signal emits no "exit", and a terminal's Ctrl-C does not reach the groups started here.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    endAll();
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
}

export class RunningProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #waiting = new Set<() => void>();
  readonly exited: Promise<Exit>;
  #done = false;

  constructor(command: string, args: readonly string[], options: ProcessOptions) {
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#child = child;
    running.add(this);
    child.stdin.on("error", () => {}); // the process may close its input first
    child.stdin.end(options.input);
    let stdout = "";
    let stderr = "";
    let partial = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      const lines = (partial + text).split("\n");
      partial = lines.pop() ?? "";
      for (const line of lines) {
        this.#lines.push(line.replace(/\r$/, ""));
        options.onLine?.(line);
      }
      if (lines.length > 0) this.#wake();
    });
    // What the process started and left behind would hold the pipes open, and `exited` would never come.
    child.once("exit", () => this.kill("SIGKILL"));
    this.exited = new Promise((resolve, reject) => {
      child.on("error", (error) => {
        if (child.pid !== undefined) return; // a signal that could not be sent: the process is still there
        this.#finish();
        reject(error);
      });
      child.once("close", (code, signal) => {
        if (partial !== "") this.#lines.push(partial);
        this.#finish();
        resolve({ code, signal, stdout, stderr });
      });
    });
    this.exited.catch(() => {});
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the process could not be started");
    return this.#child.pid;
  }

  /** The first line of standard output, past or future, that matches; rejects when the process ends without one. */
  async line(pattern: RegExp): Promise<RegExpExecArray> {
    for (let next = 0; ; ) {
      for (; next < this.#lines.length; next++) {
        const match = pattern.exec(this.#lines[next] ?? "");
        if (match !== null) return match;
      }
      if (this.#done) {
        const { code, signal, stderr } = await this.exited;
        throw new Error(`the process ended (${signal ?? code}) without a line matching ${pattern}: ${stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** The port of the line `listening on HOST:PORT`, which every server of ours prints first. */
  async port(): Promise<number> {
    return Number((await this.line(/^listening on \S+:(\d+)$/))[1]);
  }

  /** Sends a signal to the process itself. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Sends a signal to the whole process group; nothing happens once all of it is gone. */
  kill(signal: NodeJS.Signals = "SIGKILL"): void {
    if (this.#done) return; // by now the number may be another's
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.exited.catch(() => {});
  }

  #finish(): void {
    this.#done = true;
    running.delete(this);
    this.#wake();
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Starts a program. */
export function start(command: string, args: readonly string[] = [], options: ProcessOptions = {}): RunningProcess {
  return new RunningProcess(command, args, options);
}

/** Starts a TypeScript file with `node --import tsx`, tsx being resolved from here so that any working directory works. */
export function startTypeScript(
  file: string | URL,
  args: readonly string[] = [],
  options: ProcessOptions = {},
): RunningProcess {
  const path = file instanceof URL ? fileURLToPath(file) : file;
  return start(process.execPath, ["--import", import.meta.resolve("tsx"), path, ...args], options);
}

/** Runs a program to its end. */
export async function run(command: string, args: readonly string[] = [], options: ProcessOptions = {}): Promise<Exit> {
  return await start(command, args, options).exited;
}

/** Slurm's own commands: run with a time limit, one after another where they ask for the state of things. */
import { type ExecFileException, execFile } from "node:child_process";
import { SlurmError } from "./errors.js";

export interface CommandOptions {
  /** Default 10,000 ms. */
  readonly timeoutMs?: number;
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

const TIMEOUT_MS = 10_000;
const MAX_OUTPUT_BYTES = 16 * 2 ** 20;

/**
 * The environment of Slurm's commands: that of this process, but of Slurm's variables only where its configuration is. Others would change what
 * the commands do: a process within a job has many of them.
 */
export function slurmEnvironment(): Record<string, string> {
  const env: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    const isSlurms = /^(SLURM|SLURMD|SBATCH|SALLOC|SRUN|SQUEUE|SINFO|SCANCEL|SPANK|PMI)_/.test(name);
    if (value !== undefined && (!isSlurms || name === "SLURM_CONF")) env[name] = value;
  }
  return env;
}

/** What the command prints. @throws SlurmError `SLURM_ABSENT` or `SLURM_REFUSED` with what it complains of */
export function slurm(command: string, args: readonly string[], options: CommandOptions = {}): Promise<string> {
  const { timeoutMs = TIMEOUT_MS, user } = options;
  const settings = {
    encoding: "utf8" as const,
    timeout: timeoutMs,
    killSignal: "SIGKILL" as const,
    maxBuffer: MAX_OUTPUT_BYTES,
    env: { ...slurmEnvironment(), SLURM_TIME_FORMAT: "standard" },
    ...(user === undefined ? {} : { ...user, cwd: "/" }),
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, settings, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(troubleOf(command, error, stderr, timeoutMs));
    });
  });
}

function troubleOf(command: string, cause: ExecFileException, stderr: string, timeoutMs: number): SlurmError {
  if (cause.code === "ENOENT") return new SlurmError("SLURM_ABSENT", `there is no ${command} on the PATH`, { cause });
  if (cause.killed === true) {
    return new SlurmError("SLURM_ABSENT", `${command} did not answer within ${timeoutMs} ms`, { cause });
  }
  return refusal(command, complaint(stderr) || cause.message, cause);
}

/** What a command of Slurm complained of, as an error: nobody is there who could say yes or no, or the answer is no. */
export function refusal(what: string, text: string, cause?: unknown): SlurmError {
  const isAbsent = /unable to contact|connection refused|could not establish a configuration|on the PATH$/i.test(text);
  return new SlurmError(isAbsent ? "SLURM_ABSENT" : "SLURM_REFUSED", `${what}: ${text}`, { cause });
}

/** What Slurm's programs complain of, without their names before each line; at most 1,000 characters. */
export function complaint(text: string): string {
  const lines = text.split("\n").map((line) => line.replace(/^[a-z]+: (error: )?/, "").trim());
  return lines
    .filter((line) => line !== "")
    .join("; ")
    .slice(0, 1_000);
}

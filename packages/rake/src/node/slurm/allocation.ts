/**
 * A job that holds processors for as long as this process lives: `salloc` runs a command here that waits for the end of a pipe, and gives the processors back when
 * that command ends. So they are not lost where this process is killed.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { complaint, refusal, slurmEnvironment } from "./commands.js";
import { SlurmError } from "./errors.js";
import type { SlurmSettings } from "./options.js";
import { cancelJob, isOverWithin } from "./queue.js";

const HOLD = 'echo "job $SLURM_JOB_ID"; exec cat >/dev/null';

/** What it says though nothing is wrong. */
const PROGRESS = /^salloc: (Granted job allocation|Pending job allocation|job \d+ (queued|has been allocated)).*\n/gm;

export interface AllocationShape {
  readonly tasks: number;
  readonly cpusPerTask: number;
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
}

export class Allocation {
  readonly jobId: number;
  /** It ended though nobody here asked for it: why. */
  readonly lost: Promise<string>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<string>;
  #isClosed = false;

  private constructor(child: ChildProcess, exited: Promise<string>, jobId: number) {
    this.#child = child;
    this.#exited = exited;
    this.jobId = jobId;
    this.lost = exited.then((why) => {
      if (this.#isClosed) return new Promise<string>(() => {});
      return `job ${jobId} ended${why === "" ? "" : `: ${why}`}`;
    });
  }

  /** Resolves when it has its processors. @throws SlurmError */
  static async take(settings: SlurmSettings, shape: AllocationShape): Promise<Allocation> {
    const { user, tasks, cpusPerTask } = shape;
    const words = [
      ...settings.arguments,
      `--ntasks=${tasks}`,
      `--cpus-per-task=${cpusPerTask}`,
      "--no-bell",
      "--kill-command=TERM",
    ];
    const child = spawn("salloc", [...words, "/bin/sh", "-c", HOLD], {
      env: slurmEnvironment(),
      cwd: "/",
      detached: true,
      stdio: ["pipe", "pipe", "pipe"],
      ...(user === undefined ? {} : user),
    });
    let said = "";
    let complained = "";
    child.stdin.on("error", () => {}); // it has ended
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      complained = (complained + text).slice(-4_000);
    });
    const exited = new Promise<string>((resolve) => {
      child.once("error", () => resolve("there is no salloc on the PATH"));
      child.once("close", () => resolve(complaint(complained.replace(PROGRESS, ""))));
    });
    const held = new Promise<number>((resolve) => {
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        said = (said + text).slice(0, 4_000);
        const match = /^job (\d+)\n/m.exec(said);
        if (match !== null) resolve(Number(match[1]));
      });
    });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), settings.startMs);
    });
    const first = await Promise.race([held, exited, late]);
    clearTimeout(timer);
    if (typeof first === "number") return new Allocation(child, exited, first);
    if (first !== "late") throw refusal("salloc", first);
    // It takes the waiting job back when it is told to end, and not when it is killed.
    child.kill("SIGTERM");
    const why = await exited;
    throw new SlurmError("SLURM_NOT_STARTED", `no allocation within ${settings.startMs} ms: ${why}`);
  }

  /** Gives the processors back, and resolves when the job is over, whatever ran in it. @throws SlurmError where it does not end */
  async close(endMs: number): Promise<void> {
    this.#isClosed = true;
    this.#child.stdin?.end();
    if (await isOverWithin(this.jobId, endMs)) return;
    await cancelJob(this.jobId, endMs);
    await this.#exited;
  }
}

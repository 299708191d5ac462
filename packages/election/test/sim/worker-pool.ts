/** Runs tasks in processes of their own, in any order, and hands back what they come to. */
import { type ChildProcess, fork } from "node:child_process";
import { runTask, type Tally, type Task } from "./seed-runs.js";

/** What a worker is told: it is the same program, so that a bundle of it has workers too. */
export const AS_WORKER = "worker";

export interface PoolOptions {
  /** Processes; 1 runs everything in this one. */
  readonly workers: number;
  /** A task has ended. */
  readonly onDone: (done: Tally) => void;
  /** Ends it: what is under way is given up. */
  readonly signal: AbortSignal;
}

/** What each task came to, in the order of the tasks; undefined for those that were given up. */
export async function runTasks(tasks: readonly Task[], options: PoolOptions): Promise<(Tally | undefined)[]> {
  const { workers, onDone, signal } = options;
  const done: (Tally | undefined)[] = tasks.map(() => undefined);
  let next = 0;
  const takeOne = (): number | undefined => (signal.aborted || next >= tasks.length ? undefined : next++);
  const finish = (index: number, tally: Tally): void => {
    done[index] = tally;
    onDone(tally);
  };
  if (workers <= 1) {
    for (let index = takeOne(); index !== undefined; index = takeOne()) {
      finish(index, runTask(tasks[index] as Task));
      await new Promise((resolve) => setImmediate(resolve)); // Ctrl-C is heard
    }
    return done;
  }
  const count = Math.min(workers, tasks.length);
  await Promise.all(Array.from({ length: count }, () => runWorker(tasks, takeOne, finish, signal)));
  return done;
}

async function runWorker(
  tasks: readonly Task[],
  takeOne: () => number | undefined,
  finish: (index: number, tally: Tally) => void,
  signal: AbortSignal,
): Promise<void> {
  const child = fork(process.argv[1] ?? "", [AS_WORKER], {
    execArgv: process.execArgv,
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const stop = (): void => void child.kill("SIGKILL");
  signal.addEventListener("abort", stop);
  try {
    for (let index = takeOne(); index !== undefined; index = takeOne()) {
      const tally = await ask(child, tasks[index] as Task);
      if (tally === undefined) {
        if (signal.aborted) return;
        throw new Error(`a worker ended (${child.exitCode ?? child.signalCode}) before it had answered`);
      }
      finish(index, tally);
    }
  } finally {
    signal.removeEventListener("abort", stop);
    child.kill("SIGKILL");
  }
}

/** Undefined where the worker ends first. */
function ask(child: ChildProcess, task: Task): Promise<Tally | undefined> {
  return new Promise((resolve) => {
    const end = (tally?: Tally): void => {
      child.off("message", end as (message: unknown) => void);
      child.off("exit", onExit);
      resolve(tally);
    };
    const onExit = (): void => end();
    child.on("message", end as (message: unknown) => void);
    child.on("exit", onExit);
    child.send(task, (error) => {
      if (error !== null) end();
    });
  });
}

/** What Slurm says of its nodes and of a job. */
import { slurm } from "./commands.js";
import { SlurmError } from "./errors.js";
import {
  freeCpus,
  type JobLine,
  type NodeLine,
  parseJobs,
  parseNodes,
  SINFO_ARGUMENTS,
  SQUEUE_ARGUMENTS,
} from "./parse.js";

/** @throws SlurmError */
export async function nodesOf(partition: string | undefined): Promise<NodeLine[]> {
  const words = partition === undefined ? [] : [`--partition=${partition}`];
  return parseNodes(await slurm("sinfo", [...SINFO_ARGUMENTS, ...words]));
}

/** How many processors a job should ask for: `wanted`, or those that are free, at least one and at most `most`. */
export async function cpusFor(
  wanted: number | undefined,
  most: number,
  partition: string | undefined,
): Promise<number> {
  if (wanted !== undefined) return wanted;
  return Math.max(1, Math.min(most, freeCpus(await nodesOf(partition))));
}

/** Undefined where Slurm knows it no more. @throws SlurmError where it cannot be asked */
export async function jobOf(id: number): Promise<JobLine | undefined> {
  try {
    return parseJobs(await slurm("squeue", [...SQUEUE_ARGUMENTS, `--jobs=${id}`])).find((job) => job.id === id);
  } catch (error) {
    if (error instanceof SlurmError && /invalid job id/i.test(error.message)) return undefined;
    throw error;
  }
}

/** It has ended: none of its processes is left on any node. */
export function isOver(job: JobLine | undefined): boolean {
  return (
    job === undefined ||
    !/^(PENDING|CONFIGURING|RUNNING|SUSPENDED|COMPLETING|STAGE_OUT|SIGNALING|STOPPED|REQUEU\w+|RESIZING|RESV_DEL_HOLD|SPECIAL_EXIT)$/.test(
      job.state,
    )
  );
}

/** Cancels it where it is there, and resolves when it is over. @throws SlurmError where it is not within `endMs` */
export async function cancelJob(id: number, endMs: number): Promise<void> {
  await slurm("scancel", ["--quiet", String(id)]);
  if (await isOverWithin(id, endMs)) return;
  await slurm("scancel", ["--quiet", "--full", "--signal=KILL", String(id)]);
  if (await isOverWithin(id, endMs)) return;
  throw new SlurmError("SLURM_REFUSED", `job ${id} does not end, though it was cancelled`);
}

/** Asks rarer from time to time. */
export async function isOverWithin(id: number, ms: number): Promise<boolean> {
  const until = performance.now() + ms;
  for (let delay = 20; ; delay = Math.min(500, 1.5 * delay)) {
    if (isOver(await jobOf(id))) return true;
    if (performance.now() >= until) return false;
    await pause(delay);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

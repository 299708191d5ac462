/** Options that both ways to use Slurm have, with their defaults. */
import { kindOf, listOf, MAX_MS, plainText, whole } from "../../core/option-checks.js";

export interface SlurmOptions {
  /** A folder that this machine and the nodes see at the same path; what is made there is removed at the end. Default: the working folder. */
  readonly folder?: string;
  /** Processors that the job asks for; default: those that are free, at least one and at most `maxCpus`. */
  readonly cpus?: number;
  /** Bounds the default of `cpus`; default 64. */
  readonly maxCpus?: number;
  /** `--partition`; default: Slurm's own. */
  readonly partition?: string;
  /** `--time`, in whole minutes: after that Slurm ends the job; default 60. */
  readonly timeLimitMinutes?: number;
  /** More words for `sbatch` or `salloc`, such as `--account=physics`; default none. */
  readonly arguments?: readonly string[];
  /** The job's name; default "rake". */
  readonly jobName?: string;
  /** How long the job may wait and its server may start; default 60,000 ms. */
  readonly startMs?: number;
  /** Slurm is not asked for the state of things more often than this; default 2,000 ms, from 50. */
  readonly pollMs?: number;
  /** How long the job may take to end before its end is forced, and then again; default 5,000 ms. */
  readonly endMs?: number;
}

export interface SlurmSettings {
  readonly folder: string;
  readonly cpus: number | undefined;
  readonly maxCpus: number;
  readonly timeLimitMinutes: number;
  /** Of `sbatch` and `salloc`: all that is chosen here, but the processors. */
  readonly arguments: readonly string[];
  readonly jobName: string;
  readonly startMs: number;
  readonly pollMs: number;
  readonly endMs: number;
}

const COUNT = { min: 1, max: 65_536 } as const;
const TIME = { min: 1, max: MAX_MS } as const;

/** @throws TypeError or RangeError that names the option and what it may be */
export function resolveSlurmOptions(options: SlurmOptions): SlurmSettings {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`options must be an object, not ${kindOf(options)}`);
  }
  const { partition } = options;
  const jobName = nameOf("jobName", options.jobName ?? "rake");
  const timeLimitMinutes = whole("timeLimitMinutes", options.timeLimitMinutes, { default: 60, min: 1, max: 525_600 });
  return {
    folder: plainText("folder", options.folder ?? process.cwd(), 1, 4_096),
    cpus: options.cpus === undefined ? undefined : whole("cpus", options.cpus, { default: 1, ...COUNT }),
    maxCpus: whole("maxCpus", options.maxCpus, { default: 64, ...COUNT }),
    timeLimitMinutes,
    arguments: [
      `--job-name=${jobName}`,
      `--time=${timeLimitMinutes}`,
      ...(partition === undefined ? [] : [`--partition=${nameOf("partition", partition)}`]),
      ...listOf("arguments", options.arguments ?? [], argument),
    ],
    jobName,
    startMs: whole("startMs", options.startMs, { default: 60_000, ...TIME }),
    pollMs: whole("pollMs", options.pollMs, { default: 2_000, min: 50, max: MAX_MS }),
    endMs: whole("endMs", options.endMs, { default: 5_000, ...TIME }),
  };
}

function nameOf(name: string, value: string): string {
  if (/^[\w.,-]+$/.test(plainText(name, value, 1, 128))) return value;
  throw new RangeError(`${name} must have letters, digits and . , _ - alone`);
}

/** A word that begins with no dash would be taken for the program to run. */
function argument(name: string, value: string): string {
  if (/^--?[A-Za-z][^\0]*$/.test(plainText(name, value, 2, 4_096))) return value;
  throw new RangeError(`${name} must be an option of Slurm in one word, such as --account=physics`);
}

/**
 * The meter: the process that stands above an action, starts it under its limits, measures it, and kills what it leaves.
 *
 * Node can neither set limits nor read what a child has used, nor adopt the children of one that is gone; three system calls can.
 * So the meter is a short program for perl, which is on nearly every Linux (essential in Debian), and starts in about a millisecond.
 * Where there is none that works, actions are run by a plain shell: `plainArguments`.
 *
 * Descriptors 5 and 6 are the command's stdout and stderr; 3 joins the meter to the server. It writes `e STATUS CPU PEAK WALL` when the command's first process has ended: its wait status,
 * microseconds that it and the children that it waited for have used (rusage), the most bytes that one of them had in memory (the
 * same; at least what perl itself has, about 6 MB), and microseconds on the monotonic clock. It reads `T` (SIGTERM to the process group)
 * and `K`: kill all, then end. The end of the descriptor, which is what a killed server leaves, stands for `K`. It is the subreaper of the action:
 * whatever that starts stays below it, whether it has left group and session, cleared its environment or outlived its parent.
 *
 * One that waits for its command comes of a spawner (spawner.ts). It reads on a named pipe and says on a descriptor that it shares, each line
 * with its name behind the `e`; where nothing is below it any more it adds a `g`, and ends.
 */
import type { JobLimits } from "../core/server-contract.js";
import { METER_PROGRAM, SPAWNER_PROGRAM, WAITING_PROGRAM } from "./meter-program.js";

/** How the meter finds what it has to kill: all of its PID namespace, or those below it. */
export type Reach = "namespace" | "below";

/** Numbers of wait4, prctl, setrlimit, clock_gettime, setsid, dup3, setgroups, setgid and setuid; pidfd_open is 434 everywhere. */
const CALLS: Readonly<Record<string, readonly number[]>> = {
  x64: [61, 157, 160, 228, 112, 292, 116, 106, 105],
  arm64: [260, 167, 164, 113, 157, 24, 159, 144, 146],
  riscv64: [260, 167, 164, 113, 157, 24, 159, 144, 146],
};

/** RLIMIT_CPU, FSIZE, CORE, NPROC, NOFILE, AS: the same where the calls above are. */
const LIMIT = { cpu: 0, file: 1, core: 4, processes: 6, openFiles: 7, memory: 9 };

/** Whether the numbers of this machine's system calls are known. */
export const hasMeter: boolean = process.platform === "linux" && process.arch in CALLS;

/** Puts `words` under a meter; `perl` is a path. */
export function meterArguments(
  perl: string,
  reach: Reach,
  limits: JobLimits | undefined,
  words: readonly string[],
): string[] {
  const tight = limits === undefined ? "0" : "1";
  return perlArguments(perl, METER_PROGRAM, reach, tight, limits === undefined ? "" : limitWords(limits), ...words);
}

/**
 * One that waits to be told what it is to start (`meterOrder`).
 * @param tight under limits, without new privileges
 * @param folder where it starts that, which it enters only then
 */
export function waitingArguments(perl: string, reach: Reach, tight: boolean, folder: string, name: string): string[] {
  return perlArguments(perl, WAITING_PROGRAM, reach, tight ? "1" : "0", name, folder);
}

/** What forks meters that wait (spawner.ts). */
export function spawnerArguments(perl: string): string[] {
  return perlArguments(perl, SPAWNER_PROGRAM);
}

function perlArguments(perl: string, program: string, ...rest: readonly string[]): string[] {
  return [perl, "-e", program, ...(CALLS[process.arch] ?? []).map(String), ...rest];
}

/** What it is told. @throws where a word cannot be one */
export function meterOrder(limits: JobLimits | undefined, words: readonly string[]): Uint8Array {
  if (words.some((word) => word.includes("\0"))) throw new Error("a command cannot have a NUL in it");
  const body = Buffer.from([limits === undefined ? "" : limitWords(limits), ...words].join("\0"));
  return Buffer.concat([Buffer.from(String(body.length).padStart(8, "0")), body]);
}

/** SIGXCPU at the limit, SIGKILL two seconds of it later; everything else has one bound. */
function limitWords(limits: JobLimits): string {
  const both = (number: number, value: number): string => `${number}=${value}:${value}`;
  return [
    both(LIMIT.core, 0),
    `${LIMIT.cpu}=${limits.cpuSeconds}:${limits.cpuSeconds + 2}`,
    both(LIMIT.file, limits.fileBytes),
    both(LIMIT.processes, limits.processes),
    both(LIMIT.openFiles, limits.openFiles),
    both(LIMIT.memory, limits.memoryBytes),
  ].join(",");
}

/** What the meter has to say of an end. */
export interface Measured {
  /** Exactly one of both. */
  readonly code?: number;
  readonly signal?: number;
  readonly cpuMicros: number;
  readonly peakBytes: number;
  readonly wallMicros: number;
  /** It could not be run: why. */
  readonly failed?: string;
}

/** Undefined for anything else: the action shares a user with its meter, and may have written there. */
export function readMeasured(line: string): Measured | undefined {
  const match = /^e (\d{1,6}) (\d{1,15}) (\d{1,15}) (\d{1,15})$/.exec(line);
  if (match === null) return undefined;
  const [status = 0, cpuMicros = 0, peakBytes = 0, wallMicros = 0] = match.slice(1).map(Number);
  const signal = status & 0x7f;
  return { ...(signal === 0 ? { code: (status >> 8) & 0xff } : { signal }), cpuMicros, peakBytes, wallMicros };
}

/** Without a meter: limits by the shell, which then becomes the command. What it was stricter about before stays. */
export function plainArguments(limits: JobLimits | undefined, words: readonly string[]): string[] {
  if (limits === undefined) return [...words];
  const kib = (bytes: number): number => Math.max(1, Math.floor(bytes / 1_024));
  const script = [
    "umask 022",
    "ulimit -c 0",
    `ulimit -t ${limits.cpuSeconds}`,
    `ulimit -f ${Math.max(1, Math.floor(limits.fileBytes / 512))}`,
    `ulimit -n ${limits.openFiles}`,
    `ulimit -v ${kib(limits.memoryBytes)}`,
    // Its letter is u in bash and p in dash.
    `(ulimit -u ${limits.processes}) && ulimit -u ${limits.processes} || ulimit -p ${limits.processes}`,
  ].join("; ");
  return ["/bin/sh", "-c", `{ ${script}; } 2>/dev/null; exec "$@"`, "sh", ...words];
}

/** Reads what Slurm's commands print, with the formats that are asked for here. */

/** Asked for with `sinfo`: one line for each node and partition. */
export const SINFO_ARGUMENTS: readonly string[] = ["--noheader", "--noconvert", "-N", "--format=%N|%T|%C|%o"];
/** Asked for with `squeue`: one line for a job. */
export const SQUEUE_ARGUMENTS: readonly string[] = ["--noheader", "--states=all", "--format=%i|%T|%C|%B|%r"];
/** Asked for with `squeue`: one line for a step. */
export const STEPS_ARGUMENTS: readonly string[] = ["--noheader", "--steps", "--format=%i|%j"];

export interface NodeLine {
  readonly name: string;
  readonly state: string;
  /** Where the node is reached: a name or an address. */
  readonly address: string;
  /** Processors, by what they do. */
  readonly allocated: number;
  readonly idle: number;
  readonly other: number;
  readonly total: number;
}

export interface JobLine {
  readonly id: number;
  /** Such as PENDING, RUNNING or COMPLETING. */
  readonly state: string;
  readonly cpus: number;
  /** Of the first node; empty while there is none. */
  readonly node: string;
  /** Why it waits, or why it ended; "None" where there is nothing to say. */
  readonly reason: string;
}

export interface StepLine {
  /** Such as `12.3` or `12.batch`. */
  readonly id: string;
  readonly name: string;
}

/** The number of a job in what `sbatch --parsable` prints, behind which a cluster's name may stand; undefined where there is none. */
export function parseSubmitted(text: string): number | undefined {
  const match = /^(\d+)(;\S+)?$/m.exec(text.trim());
  return match === null ? undefined : Number(match[1]);
}

/** Each node once, whatever partitions it is in. Lines of another form are left out. */
export function parseNodes(text: string): NodeLine[] {
  const nodes = new Map<string, NodeLine>();
  for (const line of text.split("\n")) {
    const match = /^([^|]+)\|([^|]+)\|(\d+)\/(\d+)\/(\d+)\/(\d+)\|([^|]*?)\s*$/.exec(line);
    if (match === null) continue;
    const [, name = "", state = "", allocated, idle, other, total, address = ""] = match;
    const [a = 0, i = 0, o = 0, t = 0] = [allocated, idle, other, total].map(Number);
    nodes.set(name, { name, state: state.toLowerCase(), address, allocated: a, idle: i, other: o, total: t });
  }
  return [...nodes.values()];
}

/** Processors that a new job could have now: idle ones of nodes that take jobs. */
export function freeCpus(nodes: readonly NodeLine[]): number {
  let free = 0;
  // A star marks a node that does not answer; other signs, one that saves power, starts anew or is reserved.
  for (const { state, idle } of nodes) if (/^(idle|mixed)[~]?$/.test(state)) free += idle;
  return free;
}

export function parseJobs(text: string): JobLine[] {
  const jobs: JobLine[] = [];
  for (const line of text.split("\n")) {
    const match = /^(\d+)\|([A-Z_]+)\|(\d+)\|([^|]*)\|(.*)$/.exec(line.trim());
    if (match === null) continue;
    const [, id, state = "", cpus, node = "", reason = ""] = match;
    jobs.push({ id: Number(id), state, cpus: Number(cpus), node: /^(n\/a|\(null\))$/i.test(node) ? "" : node, reason });
  }
  return jobs;
}

export function parseSteps(text: string): StepLine[] {
  const steps: StepLine[] = [];
  for (const line of text.split("\n")) {
    const match = /^(\d+(?:\+\d+)?\.\w+)\|(.*)$/.exec(line.trim());
    if (match !== null) steps.push({ id: match[1] ?? "", name: match[2] ?? "" });
  }
  return steps;
}

/** Processors of the running steps in what `scontrol --oneliner show step` prints, but those whose name is ours. */
export function othersCpus(text: string, isOurs: (name: string) => boolean): number {
  let cpus = 0;
  for (const line of text.split("\n")) {
    const id = /^StepId=(\S+)/.exec(line)?.[1] ?? "";
    const name = /\sName=(\S*)/.exec(line)?.[1] ?? "";
    // The shell of a batch job and what stands for its outside wait, they do not compute.
    if (!/\.\d+$/.test(id) || !/\sState=RUNNING\b/.test(line) || isOurs(name)) continue;
    cpus += Number(/\sCPUs=(\d+)/.exec(line)?.[1] ?? 0);
  }
  return cpus;
}

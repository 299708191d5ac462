/** How long a build of jobs of unknown length takes on unequal servers, next to what no rule could beat. */
import { Random } from "@lab/simnet";
import { type BenchAction, type BenchHost, simulatedBuild } from "../simulated-build.js";
import type { Rule } from "./rules.js";

export const JOBS = 60;
const HOSTS = 4;
const LATENCY_MS = 0.2;

export interface Case {
  readonly seed: number;
  readonly hosts: readonly BenchHost[];
  readonly actions: readonly BenchAction[];
  /** All work at all speed at once, or the longest job where it is done soonest. */
  readonly boundMs: number;
}

/** How many cores a server has, at least and at most: each number is as likely. */
export type Cores = readonly [number, number];

/**
 * Servers whose cores are drawn so, and their speeds evenly in ratio from a half to four times the reference; jobs of one kind, of
 * which nothing is known, log-normal with a median of 1 s and a sigma of 0.8 (one in forty takes 5 s and more).
 */
export function drawCase(seed: number, [least, most]: Cores): Case {
  const random = new Random(`makespan ${seed}`);
  const hosts = Array.from({ length: HOSTS }, (_, index): BenchHost => {
    return { node: `h${index + 1}`, speed: 0.5 * 8 ** random.unit(), cores: random.integer(least, most) };
  });
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random.unit())) * Math.cos(2 * Math.PI * random.unit());
  const actions = Array.from({ length: JOBS }, (): BenchAction => {
    return { workMs: Math.round(1_000 * Math.exp(0.8 * normal())), inputBytes: 0, outputBytes: 10 };
  });
  const work = actions.reduce((sum, { workMs }) => sum + workMs, 0);
  const speed = hosts.reduce((sum, host) => sum + host.speed * host.cores, 0);
  const longest = Math.max(...actions.map(({ workMs }) => workMs));
  const fastest = Math.max(...hosts.map((host) => host.speed));
  return { seed, hosts, actions, boundMs: Math.max(work / speed, longest / fastest) };
}

export interface Measured {
  /** Times the bound. */
  readonly ratio: number;
  readonly speculations: number;
}

export function measure({ seed, hosts, actions, boundMs }: Case, { reserves, client }: Rule): Measured {
  const { ms, speculations } = simulatedBuild({
    seed,
    hosts: reserves ? hosts : hosts.map((host) => ({ ...host, slots: JOBS })),
    actions,
    client: { ...client(hosts), maxRunMs: 86_400_000 },
    impairments: { latencyMs: LATENCY_MS },
  });
  return { ratio: ms / boundMs, speculations };
}

/** @param share 0.5: the median */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

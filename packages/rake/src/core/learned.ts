/** What a client learns of kinds of commands and of hosts, and keeps between builds (docs/rake.md R30). */

import type { Learned } from "./client-contract.js";

/** What the last run weighs. */
const WEIGHT = 0.3;
const MIN_SLOWDOWN = 1 / 8;
const MAX_SLOWDOWN = 8;
/** Uploads of fewer bytes say more of latency than of bandwidth. */
const MIN_UPLOAD_BYTES = 65_536;
/** The one that was learned longest ago goes first. */
const MAX_KINDS = 10_000;
const MAX_HOSTS = 1_000;

interface HostLearned {
  readonly slowdown: number;
  readonly bytesPerSecond: number;
}

export class LearnedTable {
  readonly #workMs = new Map<string, number>();
  readonly #hosts = new Map<string, HostLearned>();
  #runs = 0;
  #totalMs = 0;

  /** What is not as it should be is left out: it comes from a file. */
  constructor(learned?: Learned) {
    for (const [kind, workMs] of Object.entries(learned?.workMs ?? {}).slice(-MAX_KINDS)) {
      if (isPositive(workMs)) this.#workMs.set(kind, workMs);
    }
    for (const [host, one] of Object.entries(learned?.hosts ?? {}).slice(-MAX_HOSTS)) {
      const slowdown = isPositive(one?.slowdown) ? clamp(one.slowdown) : 1;
      const bytesPerSecond = isPositive(one?.bytesPerSecond) ? one.bytesPerSecond : 0;
      this.#hosts.set(host, { slowdown, bytesPerSecond });
    }
  }

  /** On a host of speed 1; 0 where it is not known. */
  workMs(kind: string): number {
    return this.#workMs.get(kind) ?? 0;
  }

  /** The mean of the runs of this build, for kinds that are not known; 0 before the first. */
  meanWorkMs(): number {
    return this.#runs === 0 ? 0 : this.#totalMs / this.#runs;
  }

  /** How much longer runs take there than was expected. */
  slowdown(host: string): number {
    return this.#hosts.get(host)?.slowdown ?? 1;
  }

  /** Of uploads; 0 where it is not known. */
  bytesPerSecond(host: string): number {
    return this.#hosts.get(host)?.bytesPerSecond ?? 0;
  }

  /** A run ended with exit code 0. `expectedMs`: of its bid, not corrected; 0 where the kind was not known. */
  ran(kind: string, host: string, tookMs: number, speed: number, expectedMs: number): void {
    const workMs = Math.max(tookMs, 0.001) * (speed / 1_000);
    this.#runs++;
    this.#totalMs += workMs;
    const known = this.#workMs.get(kind);
    put(this.#workMs, kind, known === undefined ? workMs : mean(known, workMs), MAX_KINDS);
    if (expectedMs <= 0) return;
    const before = this.#of(host);
    const slowdown = clamp(mean(before.slowdown, clamp(tookMs / expectedMs)));
    put(this.#hosts, host, { ...before, slowdown }, MAX_HOSTS);
  }

  uploaded(host: string, bytes: number, tookMs: number): void {
    if (bytes <= MIN_UPLOAD_BYTES || tookMs <= 0) return;
    const before = this.#of(host);
    const rate = (bytes * 1_000) / tookMs;
    const bytesPerSecond = before.bytesPerSecond === 0 ? rate : mean(before.bytesPerSecond, rate);
    put(this.#hosts, host, { ...before, bytesPerSecond }, MAX_HOSTS);
  }

  toJSON(): Learned {
    return { workMs: Object.fromEntries(this.#workMs), hosts: Object.fromEntries(this.#hosts) };
  }

  #of(host: string): HostLearned {
    return this.#hosts.get(host) ?? { slowdown: 1, bytesPerSecond: 0 };
  }
}

function put<Value>(map: Map<string, Value>, key: string, value: Value, most: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > most) map.delete(map.keys().next().value as string);
}

const mean = (before: number, last: number): number => before * (1 - WEIGHT) + last * WEIGHT;
const clamp = (slowdown: number): number => Math.min(MAX_SLOWDOWN, Math.max(MIN_SLOWDOWN, slowdown));
const isPositive = (value: unknown): value is number => typeof value === "number" && value > 0 && value < 2 ** 53;

/** Whether a leader leads, computed from whom it heard (election rules E9, E11 to E13). */

import type { Rules } from "./rules.js";
import { elapsed, type Now, type Stamp } from "./stamp.js";

export interface LeaseOptions {
  readonly mode: "available" | "quorum";
  readonly leaseMs: number;
  /** How many members must be counted, the leader among them. */
  readonly majority: number;
}

export class Lease {
  readonly #options: LeaseOptions;
  /** How long a host counts. */
  readonly #countedMs: number;
  /** Per member other than the leader: from when on it is counted. */
  readonly #counted: Map<string, Stamp>;
  /** When too few members count, as far as is known: `undefined` since one was counted. */
  #countedEnd: number | undefined;
  /** Of an available leader that has had hosts: when it last heard one. */
  #heard: Now | undefined;
  /** Once it was seen to be lost, it stays so (E12). */
  #isLost = false;

  constructor(options: LeaseOptions, rules: Rules, counted: ReadonlyMap<string, Stamp> = new Map()) {
    this.#options = options;
    this.#countedMs = rules.countedMs(options.leaseMs);
    this.#counted = new Map(counted);
  }

  /** The last stamp of a member that counts never gets older. */
  count(member: string, stamp: Stamp): void {
    const before = this.#counted.get(member);
    if (before !== undefined && stamp.mono <= before.mono) return;
    this.#counted.set(member, stamp);
    this.#countedEnd = undefined;
  }

  heard(now: Now): void {
    this.#heard = now;
  }

  /** The wall clock was set back: how long the machine may have slept since anybody was heard is not known any more. */
  doubt(): void {
    if (this.#heard !== undefined || this.#counted.size > 0) this.#isLost = true;
  }

  /** Whether it runs now. False is final. */
  runs(now: Now): boolean {
    if (!this.#isLost && !this.#holds(now)) this.#isLost = true;
    return !this.#isLost;
  }

  #holds(now: Now): boolean {
    const { mode, majority } = this.#options;
    if (mode === "available") return this.#heard === undefined || this.#isWithin(now, this.#heard);
    let count = 1;
    for (const stamp of this.#counted.values()) if (this.#isWithin(now, stamp)) count++;
    return count >= majority;
  }

  #isWithin(now: Now, since: Now): boolean {
    return elapsed(now, since) < this.#countedMs;
  }

  /** When it ends by the monotonic clock if nobody is heard any more; Infinity where it does not. */
  get endMono(): number {
    const { mode, majority } = this.#options;
    if (this.#isLost) return Number.NEGATIVE_INFINITY;
    if (mode === "available")
      return this.#heard === undefined ? Number.POSITIVE_INFINITY : this.#heard.mono + this.#countedMs;
    if (majority <= 1) return Number.POSITIVE_INFINITY;
    this.#countedEnd ??= this.#endOfCounted();
    return this.#countedEnd;
  }

  #endOfCounted(): number {
    const newestFirst = [...this.#counted.values()].map(({ mono }) => mono).sort((a, b) => b - a);
    return (newestFirst[this.#options.majority - 2] ?? Number.NEGATIVE_INFINITY) + this.#countedMs;
  }
}

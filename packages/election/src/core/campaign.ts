/** One attempt to be voted for: its pre-votes, or its votes (election rules E17, E20, E21, E23). */

import type { Release } from "./messages.js";
import { type Now, type Stamp, sameStamp, stampOf } from "./stamp.js";

/** What is known of an attempt. */
export type Standing = "open" | "won" | "lost";

export class Campaign {
  readonly phase: "prevote" | "vote";
  /** The epoch that is asked for; 0 for pre-votes. */
  readonly proposed: number;
  readonly release: Release | undefined;
  /** When it was asked; undefined while the own vote is being stored. */
  stamp: Stamp | undefined;
  /** When it is given up. */
  deadlineMono: number = Number.POSITIVE_INFINITY;
  /** The highest epoch that anybody told of. */
  highestEpoch = 0;
  readonly #others: number;
  readonly #majority: number;
  readonly #granted = new Set<string>();
  readonly #refused = new Set<string>();
  /** Members that answered and know their epoch. */
  readonly #knowing = new Set<string>();

  constructor(
    phase: "prevote" | "vote",
    proposed: number,
    members: number,
    majority: number,
    release?: Release | undefined,
  ) {
    this.phase = phase;
    this.proposed = proposed;
    this.#others = members - 1;
    this.#majority = majority;
    this.release = release;
  }

  ask(now: Now, voteMs: number): Stamp {
    this.stamp = stampOf(now);
    this.deadlineMono = now.mono + voteMs;
    return this.stamp;
  }

  /** Whether an answer is one to this attempt's question. */
  isAnsweredBy(stamp: Stamp): boolean {
    return this.stamp !== undefined && sameStamp(this.stamp, stamp);
  }

  answer(member: string, granted: boolean, epoch: number, knows = true): void {
    (granted ? this.#granted : this.#refused).add(member);
    if (knows) this.#knowing.add(member);
    this.highestEpoch = Math.max(this.highestEpoch, epoch);
  }

  /** The own vote counts from the start. */
  get standing(): Standing {
    if (this.stamp === undefined) return "open";
    if (1 + this.#granted.size >= this.#majority) return "won";
    return 1 + this.#others - this.#refused.size < this.#majority ? "lost" : "open";
  }

  get knowing(): number {
    return this.#knowing.size;
  }

  /** Who voted, and from when on they are counted. */
  counted(): Map<string, Stamp> {
    return new Map([...this.#granted].map((member) => [member, this.stamp as Stamp]));
  }
}

/** What a node has promised, and until when (election rules E9, E16, E18). */

import type { Release } from "./messages.js";
import type { Rules } from "./rules.js";

export class Promised {
  /** The highest epoch that was promised. Never falls. */
  epoch: number;
  /** The id of whom it was promised to; empty where nobody knows. */
  holder: string;
  /** On the node's own monotonic clock. */
  #until = Number.NEGATIVE_INFINITY;

  constructor(epoch: number, holder: string) {
    this.epoch = epoch;
    this.holder = holder;
  }

  get untilMono(): number {
    return this.#until;
  }

  isExpired(mono: number): boolean {
    return mono >= this.#until;
  }

  /** Whether `asker` may have it now. */
  isFree(rules: Rules, mono: number, asker: string, release?: Release): boolean {
    const isReleased = release !== undefined && release.holder === this.holder && release.epoch === this.epoch;
    return rules.isPromiseFree(this.isExpired(mono), this.holder === asker, isReleased);
  }

  make(epoch: number, holder: string, untilMono: number): void {
    this.epoch = epoch;
    this.holder = holder;
    this.#until = untilMono;
  }

  /** It binds no more: whom it was made to will not lead by it. */
  void(): void {
    this.#until = Number.NEGATIVE_INFINITY;
  }

  /** An epoch that others know of. */
  learn(epoch: number): void {
    if (epoch <= this.epoch) return;
    this.epoch = epoch;
    this.holder = "";
  }
}

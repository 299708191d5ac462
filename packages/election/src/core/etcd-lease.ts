/** Whether a lease of etcd's still counts, computed from when its keep-alives were sent (election rules E71, E72). */

import { elapsed, type Now } from "./stamp.js";

export class EtcdLease {
  /** As etcd names it: an integer of 64 bits in decimal. */
  readonly id: string;
  #from: Now;
  #usableMs: number;
  /** Once it was seen to be lost, it stays so. */
  #isLost = false;

  constructor(id: string, from: Now, usableMs: number) {
    this.id = id;
    this.#from = from;
    this.#usableMs = usableMs;
  }

  /** A keep-alive that was sent at `from` was answered. It does not bring back what was seen to be lost. */
  renew(from: Now, usableMs: number): void {
    if (from.mono < this.#from.mono) return;
    this.#from = from;
    this.#usableMs = usableMs;
  }

  /** etcd has it no more, or nobody can tell any more how long ago it was renewed. */
  lose(): void {
    this.#isLost = true;
  }

  /** Whether it runs now. False is final. */
  runs(now: Now): boolean {
    if (elapsed(now, this.#from) >= this.#usableMs) this.#isLost = true;
    return !this.#isLost;
  }

  /** When it ends by the monotonic clock if no keep-alive is answered any more. */
  get endMono(): number {
    return this.#isLost ? Number.NEGATIVE_INFINITY : this.#from.mono + this.#usableMs;
  }

  /** A third of what counts: two keep-alives may be lost. */
  get keepAliveMs(): number {
    return this.#usableMs / 3;
  }
}

/**
 * The rules on which safety and liveness rest, each in one place and pure: what a test changes, one at a time, to see that it
 * would be noticed (docs/election.md).
 */

import type { ResolvedOptions } from "./options.js";
import type { Now, Stamp } from "./stamp.js";

export class Rules {
  /** From when on a leader counts a host that echoes `stamp` (E9). */
  countedFrom(stamp: Stamp, _now: Now): Stamp {
    return stamp;
  }

  /** How long a promise lasts (E9, E10). */
  promiseMs(options: ResolvedOptions): number {
    return options.promiseMs;
  }

  /** How long a member that has stored something, or lost it, is silent after its start (E19, E20). */
  quarantineMs(options: ResolvedOptions): number {
    return this.promiseMs(options);
  }

  /** How long a leader counts a host (E9). */
  countedMs(leaseMs: number): number {
    return leaseMs;
  }

  /** Whether a member may promise itself to `asker` (E16, without the epoch). */
  isPromiseFree(isExpired: boolean, isHeldByAsker: boolean, isReleased: boolean): boolean {
    return isExpired || isHeldByAsker || isReleased;
  }

  /** Whether an Ack of an epoch is accepted by a member that has promised another (E18). */
  takesEpoch(epoch: number, promised: number): boolean {
    return epoch >= promised;
  }

  /** Whether a leader stops before it offers the lead to another (E36). */
  stopsBeforeOffer(): boolean {
    return true;
  }

  /** Whether candidates ask for pre-votes first (E21). */
  asksForPreVotes(): boolean {
    return true;
  }

  /** Whether a leader that hears a higher epoch asks for votes at a higher one (E22). */
  renewsItsEpoch(): boolean {
    return true;
  }
}

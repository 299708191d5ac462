/** Who stands in line, as the last look at the keys found it (election rules E70, E75, E76). */

import type { LeaderInfo } from "./contract.js";
import type { EtcdCandidate, EtcdListing } from "./etcd-answers.js";

/** etcd takes 128 operations in a transaction unless told otherwise; one deletes the leader's own key. */
const MAX_SENT_BACK = 127;

export class EtcdLine {
  #candidates: readonly EtcdCandidate[] = [];
  /** Of the store when it was looked at; a watch goes on from there. */
  revision: number | undefined;
  /** When that was answered, by the monotonic clock. */
  heardAt = 0;
  /** The lease before the present one: etcd may hold its key for a while. */
  former: { readonly key: string; readonly leaseId: string } | undefined;
  /** Something changed since the last look was asked for. */
  hasNews = false;

  see(listing: EtcdListing, nowMono: number): void {
    this.#candidates = listing.candidates;
    this.revision = listing.revision;
    this.heardAt = nowMono;
  }

  get front(): EtcdCandidate | undefined {
    return this.#candidates[0];
  }

  /** Who leads: the front of the line, unless that is what a lost lease of our own has left. */
  get leader(): LeaderInfo | undefined {
    const { front } = this;
    return front === undefined || this.isHeldUp ? undefined : infoOf(front);
  }

  /** Whether the front is what a lost lease of our own has left. */
  get isHeldUp(): boolean {
    return this.front !== undefined && this.front.key === this.former?.key;
  }

  get all(): readonly LeaderInfo[] {
    return this.#candidates.map(infoOf);
  }

  /** Who stands between the leader and `to`; nobody where there is no such candidate, or they cannot all be sent back. */
  before(to: string | undefined): readonly EtcdCandidate[] {
    const others = this.#candidates.slice(1);
    const target = others.findIndex(({ id, isOurs }) => isOurs && id === to);
    const between = others.slice(0, Math.max(0, target));
    return between.length <= MAX_SENT_BACK && between.every(({ isOurs }) => isOurs) ? between : [];
  }

  forget(): void {
    this.#candidates = [];
  }
}

function infoOf({ id, address, epoch }: EtcdCandidate): LeaderInfo {
  return { id, address, epoch };
}

/** What is to be asked of etcd next, and when (election rules E71, E74, E75). */

import type { EtcdRequestKind, EtcdRequests } from "./etcd-requests.js";

/** What is asked for as soon as its time has come and none of it is under way. `list` is a `campaign` where the key is missing. */
export type EtcdTask = "authenticate" | "grant" | "keepAlive" | "list" | "watch";

export interface EtcdSituation {
  readonly lacksToken: boolean;
  readonly hasLease: boolean;
  /** A lease is being given back. */
  readonly isLeaving: boolean;
  /** The keys were looked at before: a watch goes on from there. */
  readonly hasLooked: boolean;
}

export class EtcdAgenda {
  readonly #requests: EtcdRequests;
  /** By the monotonic clock. */
  readonly notBefore: Record<EtcdTask, number> = { authenticate: 0, grant: 0, keepAlive: 0, list: 0, watch: 0 };

  constructor(requests: EtcdRequests) {
    this.#requests = requests;
  }

  /** What is to be asked now or later, and is not under way. */
  tasks({ lacksToken, hasLease, isLeaving, hasLooked }: EtcdSituation): EtcdTask[] {
    if (lacksToken) return this.#isFree("authenticate") ? ["authenticate"] : [];
    if (!hasLease) return this.#isFree("grant") && !isLeaving ? ["grant"] : [];
    const tasks: EtcdTask[] = [];
    if (this.#isFree("keepAlive")) tasks.push("keepAlive");
    if (this.#isFree("list") && this.#isFree("campaign")) tasks.push("list");
    if (this.#isFree("watch") && hasLooked) tasks.push("watch");
    return tasks;
  }

  #isFree(kind: EtcdRequestKind): boolean {
    return this.#requests.find(kind) === undefined;
  }
}

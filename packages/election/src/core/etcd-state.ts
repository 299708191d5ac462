/** What all parts of a candidate's machine share: its lease, the line, what is under way, and what it answers. */

import type { LeaderInfo } from "./contract.js";
import { EtcdAgenda } from "./etcd-agenda.js";
import { EtcdBodies } from "./etcd-bodies.js";
import type { EtcdOutput } from "./etcd-contract.js";
import type { EtcdLease } from "./etcd-lease.js";
import { EtcdLine } from "./etcd-line.js";
import type { ResolvedEtcdOptions } from "./etcd-options.js";
import { type EtcdRequestKind, EtcdRequests } from "./etcd-requests.js";
import type { EtcdRules } from "./etcd-rules.js";
import type { Now } from "./stamp.js";
import type { Token } from "./token.js";

/** A lease that etcd granted, and the key that stands under it. */
export interface EtcdSession {
  readonly lease: EtcdLease;
  readonly key: string;
  readonly ttlMs: number;
  /** Whether the key stands, as far as known. */
  hasKey: boolean;
}

export class EtcdState {
  readonly options: ResolvedEtcdOptions;
  readonly rules: EtcdRules;
  readonly bodies: EtcdBodies;
  readonly requests: EtcdRequests;
  readonly agenda: EtcdAgenda;
  readonly line: EtcdLine = new EtcdLine();
  /** What the machine answers to the present input. */
  output: EtcdOutput[] = [];
  session: EtcdSession | undefined;
  /** The token of the last `elected`, until the `stepDown`: whether the lease still runs is asked of the lease. */
  leading: Token | undefined;
  #leader: LeaderInfo | undefined;

  constructor(options: ResolvedEtcdOptions, rules: EtcdRules) {
    this.options = options;
    this.rules = rules;
    this.bodies = new EtcdBodies(options);
    this.requests = new EtcdRequests(options.endpoints, options.retryMs);
    this.agenda = new EtcdAgenda(this.requests);
  }

  /** In the name of the lease, where there is one. */
  send(now: Now, kind: EtcdRequestKind, body: object, timeoutMs: number = this.options.requestTimeoutMs): void {
    const key = this.session?.key ?? "";
    this.output.push(this.requests.send(now, { kind, body, timeoutMs, key }));
  }

  /** Forgets all requests of some kinds: what is answered to them later means nothing. */
  cancel(kinds: readonly EtcdRequestKind[]): void {
    this.output.push(...this.requests.cancel(kinds));
  }

  /** Without an answer for so long, nobody knows who leads (E75). */
  get silenceMs(): number {
    return this.session?.ttlMs ?? this.options.ttlSeconds * 1_000;
  }

  /** Who leads, as far as this candidate was told. */
  get leader(): LeaderInfo | undefined {
    return this.#leader;
  }

  setLeader(leader: LeaderInfo | undefined): void {
    const { id, address, epoch } = this.#leader ?? {};
    if (id === leader?.id && address === leader?.address && epoch === leader?.epoch) return;
    this.#leader = leader;
    this.output.push({ type: "leader", leader });
  }
}

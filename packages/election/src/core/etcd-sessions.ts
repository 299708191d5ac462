/** One lease after another: begun, lost for good, handed over, given back (election rules E71, E72, E76). */

import type { StepDownReason } from "./contract.js";
import { keyOf } from "./etcd-bodies.js";
import { EtcdLease } from "./etcd-lease.js";
import { allEtcdRequests } from "./etcd-requests.js";
import type { EtcdSession, EtcdState } from "./etcd-state.js";
import type { Now } from "./stamp.js";

export class EtcdSessions {
  readonly #state: EtcdState;
  /** The lease with which this one led: it is given back before another is asked for. */
  #leaving: string | undefined;

  constructor(state: EtcdState) {
    this.#state = state;
  }

  /** Whether a lease is being given back. */
  get isLeaving(): boolean {
    return this.#leaving !== undefined;
  }

  /** The lease counts from when it was asked for. */
  begin(now: Now, sentAt: Now, leaseId: string, ttlMs: number): void {
    const { rules, options, agenda } = this.#state;
    const usableMs = rules.usableMs(ttlMs, options);
    const lease = new EtcdLease(leaseId, rules.countedFrom(sentAt, now), usableMs);
    this.#state.session = { lease, key: keyOf(leaseId), ttlMs, hasKey: false };
    agenda.notBefore.keepAlive = sentAt.mono + lease.keepAliveMs;
    agenda.notBefore.list = now.mono;
    if (!lease.runs(now)) this.end(now, "lease");
  }

  /** A keep-alive of the lease, sent at `sentAt`, was answered. */
  renew(now: Now, sentAt: Now, { lease, ttlMs: firstMs }: EtcdSession, ttlMs: number): void {
    const { rules, options, agenda } = this.#state;
    const usableMs = rules.usableMs(Math.min(ttlMs, firstMs), options);
    lease.renew(rules.countedFrom(sentAt, now), usableMs);
    agenda.notBefore.keepAlive = sentAt.mono + lease.keepAliveMs;
  }

  /** The lease is lost, for good: whatever is answered in its name means nothing any more (E72). */
  end(now: Now, why: StepDownReason): EtcdSession | undefined {
    const state = this.#state;
    const { session, leading } = state;
    if (session === undefined) return undefined;
    state.session = undefined;
    state.line.former = { key: session.key, leaseId: session.lease.id };
    session.lease.lose();
    if (!state.rules.takesLateAnswers()) state.cancel(["keepAlive", "campaign", "list"]);
    if (leading !== undefined) {
      state.output.push({ type: "stepDown", token: leading, why });
      state.leading = undefined;
      state.setLeader(undefined);
    }
    state.agenda.notBefore.grant = now.mono + state.options.retryMs;
    // So that nobody waits for the end of what is of no use. Where this is lost, etcd ends the lease by itself.
    if (why !== "handedOver") this.#revoke(now, session.lease.id);
    return session;
  }

  resign(now: Now, to: string | undefined): void {
    const state = this.#state;
    const token = state.leading;
    if (token === undefined) return;
    const before = state.line.before(to);
    const session = this.end(now, "handedOver");
    if (session === undefined) return;
    this.#leaving = session.lease.id;
    state.agenda.notBefore.grant = now.mono;
    if (before.length === 0) this.#revoke(now, session.lease.id);
    else state.send(now, "handOver", state.bodies.handOver(session.key, token.epoch, before));
  }

  /** The next step of giving a lease back. */
  left(now: Now, kind: "revoke" | "handOver"): void {
    if (kind === "handOver" && this.#leaving !== undefined) this.#revoke(now, this.#leaving);
    else this.#leaving = undefined;
  }

  /** Gives back whatever there is; nothing is asked for any more. */
  stop(now: Now): void {
    const { requests } = this.#state;
    const isHandingOver = requests.find("handOver") !== undefined;
    this.#state.cancel(allEtcdRequests.filter((kind) => kind !== "revoke"));
    if (isHandingOver && this.#leaving !== undefined) this.#revoke(now, this.#leaving);
    this.end(now, "stopped");
  }

  #revoke(now: Now, leaseId: string): void {
    this.#state.send(now, "revoke", this.#state.bodies.lease(leaseId));
  }
}

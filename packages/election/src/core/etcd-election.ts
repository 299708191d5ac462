/** The machine of a candidate whose lease lives in etcd (docs/election.md, "The etcd engine"). */

import type { LeaderInfo, StepDownReason } from "./contract.js";
import { EtcdAgenda, type EtcdTask } from "./etcd-agenda.js";
import {
  type EtcdListing,
  readCampaign,
  readGrant,
  readKeepAlive,
  readRange,
  readRefusal,
  readToken,
  readWatchLine,
} from "./etcd-answers.js";
import { EtcdBodies, keyOf } from "./etcd-bodies.js";
import type { EtcdInput, EtcdOutput } from "./etcd-contract.js";
import { EtcdLease } from "./etcd-lease.js";
import { EtcdLine } from "./etcd-line.js";
import { type EtcdElectionOptions, type ResolvedEtcdOptions, resolveEtcdOptions } from "./etcd-options.js";
import { allEtcdRequests, type EtcdPending, type EtcdRequestKind, EtcdRequests } from "./etcd-requests.js";
import { EtcdRules } from "./etcd-rules.js";
import { type Now, WallWatch } from "./stamp.js";
import type { Token } from "./token.js";

interface Session {
  readonly lease: EtcdLease;
  readonly key: string;
  readonly ttlMs: number;
  /** Whether the key stands, as far as known. */
  hasKey: boolean;
}

/** @throws TypeError or RangeError that names a wrong option and what is accepted */
export function createEtcdElection(options: EtcdElectionOptions, rules: EtcdRules = new EtcdRules()): EtcdElection {
  return new EtcdElection(options, rules);
}

export class EtcdElection {
  readonly #options: ResolvedEtcdOptions;
  readonly #rules: EtcdRules;
  readonly #bodies: EtcdBodies;
  readonly #requests: EtcdRequests;
  #output: EtcdOutput[] = [];
  #state: "new" | "started" | "stopped" = "new";
  readonly #wallWatch: WallWatch;
  #session: Session | undefined;
  #leading: Token | undefined;
  #leader: LeaderInfo | undefined;
  readonly #line = new EtcdLine();
  /** The lease with which this one led: it is given back before another is asked for. */
  #leaving: string | undefined;
  readonly #agenda: EtcdAgenda;

  constructor(options: EtcdElectionOptions, rules: EtcdRules) {
    this.#options = resolveEtcdOptions(options);
    this.#rules = rules;
    this.#wallWatch = new WallWatch(this.#options.clockError);
    this.#bodies = new EtcdBodies(this.#options);
    this.#requests = new EtcdRequests(this.#options.endpoints, this.#options.retryMs);
    this.#agenda = new EtcdAgenda(this.#requests);
  }

  handle(now: Now, input: EtcdInput): EtcdOutput[] {
    this.#output = [];
    if (this.#state === "stopped") return [];
    if (this.#state === "new") {
      if (input.type === "stop") this.#state = "stopped";
      if (input.type !== "start") return [];
      this.#state = "started";
    }
    this.#look(now);
    if (this.#session !== undefined && !this.#session.lease.runs(now)) this.#endSession(now, "lease");
    this.#take(now, input);
    if (this.#state === "started") this.#proceed(now);
    return this.#output;
  }

  /** When it wants a `tick`, by the monotonic clock. */
  nextDeadline(): number | undefined {
    if (this.#state !== "started") return undefined;
    const times = this.#tasks().map((kind) => this.#agenda.notBefore[kind]);
    if (this.#session !== undefined) times.push(this.#session.lease.endMono);
    if (this.#leader !== undefined && this.#leading === undefined) times.push(this.#line.heardAt + this.#silenceMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Computed at each call (E71). */
  isLeader(now: Now): boolean {
    this.#look(now);
    return this.#leading !== undefined && this.#session?.lease.runs(now) === true;
  }

  /** The token, exactly while `isLeader(now)`. */
  token(now: Now): Token | undefined {
    return this.isLeader(now) ? this.#leading : undefined;
  }

  /** Who leads, as far as this candidate knows (E75). */
  leader(now: Now): LeaderInfo | undefined {
    return this.#leading !== undefined && !this.isLeader(now) ? undefined : this.#leader;
  }

  /** Who stands in line, the leader first, as the last look at the keys found it. Their epochs are create revisions. */
  candidates(): readonly LeaderInfo[] {
    return this.#line.all;
  }

  /** Nobody can tell how long ago the lease was renewed once the wall clock was set back (E13). */
  #look(now: Now): void {
    if (!this.#wallWatch.look(now)) return;
    this.#session?.lease.lose();
    this.#requests.forget("grant"); // it would count from before
  }

  #take(now: Now, input: EtcdInput): void {
    switch (input.type) {
      case "reply":
        return this.#reply(now, input.id, input.status, input.body);
      case "line":
        return this.#watched(now, input.id, input.body);
      case "failed": {
        const pending = this.#requests.end(input.id);
        if (pending !== undefined) this.#failed(now, pending, input.message);
        return;
      }
      case "resign":
        return this.#resign(now, input.to);
      case "stop":
        return this.#stop(now);
      case "start":
      case "tick":
      case "clockJump":
        return;
    }
  }

  /** What is to be asked now or later. */
  #tasks(): EtcdTask[] {
    return this.#agenda.tasks({
      lacksToken: this.#options.user !== undefined && this.#requests.token === undefined,
      hasLease: this.#session !== undefined,
      isLeaving: this.#leaving !== undefined,
      hasLooked: this.#line.revision !== undefined,
    });
  }

  #proceed(now: Now): void {
    if (this.#leading === undefined && now.mono >= this.#line.heardAt + this.#silenceMs) this.#setLeader(undefined);
    const watch = this.#requests.find("watch");
    if (watch !== undefined && watch.endpoint !== this.#requests.endpoint) {
      this.#output.push(...this.#requests.cancel(["watch"]));
    }
    const { requestTimeoutMs, watchMs } = this.#options;
    for (const kind of this.#tasks()) {
      if (now.mono < this.#agenda.notBefore[kind]) continue;
      const session = this.#session;
      if (kind === "authenticate") this.#send(now, kind, this.#bodies.authenticate());
      else if (kind === "grant") this.#send(now, kind, this.#bodies.grant());
      else if (session === undefined) return;
      else if (kind === "watch") this.#send(now, kind, this.#bodies.watch((this.#line.revision ?? 0) + 1), watchMs);
      else if (kind === "keepAlive") {
        const timeoutMs = Math.min(requestTimeoutMs, session.lease.keepAliveMs);
        this.#send(now, kind, this.#bodies.lease(session.lease.id), timeoutMs);
      } else {
        this.#line.hasNews = false;
        if (session.hasKey) this.#send(now, "list", this.#bodies.list());
        else this.#send(now, "campaign", this.#bodies.campaign(session.key, session.lease.id));
      }
    }
  }

  #send(now: Now, kind: EtcdRequestKind, body: object, timeoutMs = this.#options.requestTimeoutMs): void {
    const key = this.#session?.key ?? "";
    this.#output.push(this.#requests.send(now, { kind, body, timeoutMs, key }));
  }

  #reply(now: Now, id: number, status: number, body: string): void {
    const pending = this.#requests.end(id);
    if (pending === undefined) return; // of a lease that is lost, or of nothing that was asked
    if (pending.kind === "revoke" || pending.kind === "handOver") return this.#left(now, pending.kind);
    if (pending.kind === "watch") return this.#failed(now, pending, "the watch has ended");
    if (status === 200 && this.#answered(now, pending, body)) {
      if (this.#requests.isOutage) this.#output.push({ type: "outageOver", endpoint: pending.endpoint });
      return this.#requests.succeeded();
    }
    const { message, why } = readRefusal(status, body);
    if (why === "leaseGone" && this.#session?.key === pending.key) {
      this.#endSession(now, "lease");
      return;
    }
    if (why === "credentials") this.#requests.token = undefined;
    this.#failed(now, pending, message);
  }

  /** Whether it is the answer that was asked for. */
  #answered(now: Now, pending: EtcdPending, body: string): boolean {
    const { kind, sentAt } = pending;
    const session = this.#session;
    if (kind === "authenticate") {
      this.#requests.token = readToken(body);
      this.#agenda.notBefore.authenticate = now.mono + this.#options.retryMs;
      return this.#requests.token !== undefined;
    }
    if (kind === "grant") {
      const grant = readGrant(body);
      if (grant !== undefined) this.#beginSession(now, sentAt, grant.leaseId, grant.ttlMs);
      return grant !== undefined;
    }
    if (session === undefined) return true;
    if (kind === "keepAlive") {
      const ttlMs = readKeepAlive(body, session.lease.id);
      if (ttlMs === undefined) return false;
      if (ttlMs === 0) this.#endSession(now, "lease");
      else {
        const usableMs = this.#rules.usableMs(Math.min(ttlMs, session.ttlMs), this.#options);
        session.lease.renew(this.#rules.countedFrom(sentAt, now), usableMs);
        this.#agenda.notBefore.keepAlive = sentAt.mono + session.lease.keepAliveMs;
      }
      return true;
    }
    const listing = (kind === "campaign" ? readCampaign : readRange)(body, this.#bodies.prefix);
    if (listing !== undefined) this.#listed(now, session, listing, pending);
    return listing !== undefined;
  }

  /** The lease counts from when it was asked for. */
  #beginSession(now: Now, sentAt: Now, leaseId: string, ttlMs: number): void {
    const usableMs = this.#rules.usableMs(ttlMs, this.#options);
    const lease = new EtcdLease(leaseId, this.#rules.countedFrom(sentAt, now), usableMs);
    this.#session = { lease, key: keyOf(leaseId), ttlMs, hasKey: false };
    this.#agenda.notBefore.keepAlive = sentAt.mono + lease.keepAliveMs;
    this.#agenda.notBefore.list = now.mono;
    if (!lease.runs(now)) this.#endSession(now, "lease");
  }

  #listed(now: Now, session: Session, listing: EtcdListing, { key, kind }: EtcdPending): void {
    this.#line.see(listing, now.mono);
    const { id, pollMs, retryMs } = this.#options;
    const mine = listing.candidates.find((one) => this.#rules.isOwn(one, { key, id }));
    const isBeyond = !listing.isWhole && (session.hasKey || kind === "campaign");
    session.hasKey = mine !== undefined || isBeyond;
    // A key that is missing is put at once, unless it was put right now.
    const isPutInVain = !session.hasKey && kind === "campaign";
    const isUrgent = !session.hasKey || this.#line.hasNews;
    this.#agenda.notBefore.list =
      now.mono + (isPutInVain ? retryMs : isUrgent ? 0 : Math.min(pollMs, session.ttlMs / 3));
    const leads = mine !== undefined && mine === this.#line.front;
    if (this.#leading !== undefined && !(leads && mine.epoch === this.#leading.epoch)) {
      this.#endSession(now, "superseded"); // somebody deleted the key
      return;
    }
    if (leads && this.#leading === undefined) {
      this.#leading = { epoch: mine.epoch, id };
      this.#output.push({ type: "elected", token: this.#leading });
    }
    this.#setLeader(this.#line.leader);
    const { former, isHeldUp } = this.#line;
    if (isHeldUp && former !== undefined && this.#requests.find("revoke") === undefined) {
      this.#send(now, "revoke", this.#bodies.lease(former.leaseId));
    }
  }

  #watched(now: Now, id: number, body: string): void {
    const pending = this.#requests.get(id);
    if (pending?.kind !== "watch") return;
    const said = readWatchLine(body);
    if (said === "nothing") return;
    this.#line.hasNews = true;
    this.#agenda.notBefore.list = now.mono;
    if (said === "news") return;
    this.#output.push(...this.#requests.cancel(["watch"]));
    this.#agenda.notBefore.watch = now.mono + this.#options.retryMs;
  }

  #failed(now: Now, pending: EtcdPending, message: string): void {
    const { kind } = pending;
    const what = `${kind} at ${pending.endpoint}: ${message}`;
    this.#output.push({ type: "trouble", message: what });
    if (kind === "revoke" || kind === "handOver") return this.#left(now, kind);
    if (kind === "watch") {
      this.#agenda.notBefore.watch = now.mono + this.#options.retryMs;
      return;
    }
    const wasOutage = this.#requests.isOutage;
    const at = now.mono + this.#requests.failed(pending);
    if (this.#requests.isOutage && !wasOutage) this.#output.push({ type: "outage", message: what });
    if (kind === "authenticate") this.#agenda.notBefore.authenticate = now.mono + this.#options.retryMs;
    else this.#agenda.notBefore[kind === "campaign" ? "list" : kind] = at;
  }

  /** The lease is lost, for good: whatever is answered in its name means nothing any more (E72). */
  #endSession(now: Now, why: StepDownReason): Session | undefined {
    const session = this.#session;
    if (session === undefined) return undefined;
    this.#session = undefined;
    this.#line.former = { key: session.key, leaseId: session.lease.id };
    session.lease.lose();
    if (!this.#rules.takesLateAnswers()) this.#output.push(...this.#requests.cancel(["keepAlive", "campaign", "list"]));
    if (this.#leading !== undefined) {
      this.#output.push({ type: "stepDown", token: this.#leading, why });
      this.#leading = undefined;
      this.#setLeader(undefined);
    }
    this.#agenda.notBefore.grant = now.mono + this.#options.retryMs;
    // So that nobody waits for the end of what is of no use. Where this is lost, etcd ends the lease by itself.
    if (why !== "handedOver") this.#send(now, "revoke", this.#bodies.lease(session.lease.id));
    return session;
  }

  #resign(now: Now, to: string | undefined): void {
    const token = this.#leading;
    if (token === undefined) return;
    const before = this.#line.before(to);
    const session = this.#endSession(now, "handedOver");
    if (session === undefined) return;
    this.#leaving = session.lease.id;
    this.#agenda.notBefore.grant = now.mono;
    if (before.length === 0) this.#send(now, "revoke", this.#bodies.lease(session.lease.id));
    else this.#send(now, "handOver", this.#bodies.handOver(session.key, token.epoch, before));
  }

  /** The next step of giving a lease back. */
  #left(now: Now, kind: "revoke" | "handOver"): void {
    if (kind === "handOver" && this.#leaving !== undefined) {
      this.#send(now, "revoke", this.#bodies.lease(this.#leaving));
    } else this.#leaving = undefined;
  }

  #stop(now: Now): void {
    const isHandingOver = this.#requests.find("handOver") !== undefined;
    this.#output.push(...this.#requests.cancel(allEtcdRequests.filter((kind) => kind !== "revoke")));
    if (isHandingOver && this.#leaving !== undefined) this.#send(now, "revoke", this.#bodies.lease(this.#leaving));
    this.#endSession(now, "stopped");
    this.#setLeader(undefined);
    this.#line.forget();
    this.#state = "stopped";
  }

  /** Without an answer for so long, nobody knows who leads. */
  get #silenceMs(): number {
    return this.#session?.ttlMs ?? this.#options.ttlSeconds * 1_000;
  }

  #setLeader(leader: LeaderInfo | undefined): void {
    const { id, address, epoch } = this.#leader ?? {};
    if (id === leader?.id && address === leader?.address && epoch === leader?.epoch) return;
    this.#leader = leader;
    this.#output.push({ type: "leader", leader });
  }
}

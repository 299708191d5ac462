/** The machine of a candidate whose lease lives in etcd (docs/election.md, "The etcd engine"). */

import type { LeaderInfo, StepDownReason } from "./contract.js";
import {
  type EtcdCandidate,
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
import { type EtcdElectionOptions, type ResolvedEtcdOptions, resolveEtcdOptions } from "./etcd-options.js";
import { allEtcdRequests, type EtcdPending, type EtcdRequestKind, EtcdRequests } from "./etcd-requests.js";
import { EtcdRules } from "./etcd-rules.js";
import { type Now, wasSetBack } from "./stamp.js";
import type { Token } from "./token.js";

/** etcd takes 128 operations in a transaction unless told otherwise. */
const MAX_DELETES = 127;

interface Session {
  readonly lease: EtcdLease;
  readonly key: string;
  readonly ttlMs: number;
  /** Whether the key stands, as far as known. */
  hasKey: boolean;
}

/** @throws TypeError or RangeError that names a wrong option and what is accepted */
export function createEtcdElection(options: EtcdElectionOptions, rules = new EtcdRules()): EtcdElection {
  return new EtcdElection(options, rules);
}

export class EtcdElection {
  readonly #options: ResolvedEtcdOptions;
  readonly #rules: EtcdRules;
  readonly #bodies: EtcdBodies;
  readonly #requests: EtcdRequests;
  #output: EtcdOutput[] = [];
  #state: "new" | "started" | "stopped" = "new";
  /** When the clocks were last looked at. */
  #seen: Now | undefined;
  #session: Session | undefined;
  #leading: Token | undefined;
  #leader: LeaderInfo | undefined;
  #candidates: readonly EtcdCandidate[] = [];
  /** Of the last look at the keys. */
  #revision: number | undefined;
  #heardAt = 0;
  /** Something changed while the keys were looked at. */
  #hasNews = false;
  /** The lease that is given back before another is asked for. */
  #leaving: { readonly leaseId: string; readonly key: string } | undefined;
  /** The key of the lease before: etcd may hold it for a while. */
  #formerKey = "";
  /** Not before, by the monotonic clock. */
  readonly #notBefore = { authenticate: 0, grant: 0, keepAlive: 0, list: 0, watch: 0 };

  constructor(options: EtcdElectionOptions, rules: EtcdRules) {
    this.#options = resolveEtcdOptions(options);
    this.#rules = rules;
    this.#bodies = new EtcdBodies(this.#options);
    this.#requests = new EtcdRequests(this.#options.endpoints, this.#options.retryMs);
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
    const times = this.#wanted().map((kind) => this.#notBefore[kind]);
    if (this.#session !== undefined) times.push(this.#session.lease.endMono);
    if (this.#leader !== undefined && this.#leading === undefined) times.push(this.#heardAt + this.#silenceMs);
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
    return this.#candidates.map(({ id, address, epoch }) => ({ id, address, epoch }));
  }

  /** Nobody can tell how long ago the lease was renewed once the wall clock was set back (E13). */
  #look(now: Now): void {
    const isSetBack = this.#seen !== undefined && wasSetBack(now, this.#seen, this.#options.clockError);
    if (isSetBack) this.#session?.lease.lose();
    this.#seen = now;
  }

  #take(now: Now, input: EtcdInput): void {
    switch (input.type) {
      case "reply":
        return this.#reply(now, input.id, input.status, input.body);
      case "line":
        return this.#line(now, input.id, input.body);
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
        return;
    }
  }

  /** What is to be asked now or later, and is not under way. */
  #wanted(): (keyof typeof this.#notBefore)[] {
    const isFree = (...kinds: readonly EtcdRequestKind[]): boolean =>
      kinds.every((kind) => this.#requests.find(kind) === undefined);
    if (this.#options.user !== undefined && this.#requests.token === undefined) {
      return isFree("authenticate") ? ["authenticate"] : [];
    }
    if (this.#session === undefined) return isFree("grant") && this.#leaving === undefined ? ["grant"] : [];
    return [
      ...(isFree("keepAlive") ? (["keepAlive"] as const) : []),
      ...(isFree("list", "campaign") ? (["list"] as const) : []),
      ...(isFree("watch") && this.#revision !== undefined ? (["watch"] as const) : []),
    ];
  }

  #proceed(now: Now): void {
    if (this.#leading === undefined && now.mono >= this.#heardAt + this.#silenceMs) this.#setLeader(undefined);
    const watch = this.#requests.find("watch");
    if (watch !== undefined && watch.endpoint !== this.#requests.endpoint) {
      this.#output.push(...this.#requests.cancel(["watch"]));
    }
    const { requestTimeoutMs, watchMs } = this.#options;
    for (const kind of this.#wanted()) {
      if (now.mono < this.#notBefore[kind]) continue;
      const session = this.#session;
      if (kind === "authenticate") this.#send(now, kind, this.#bodies.authenticate());
      else if (kind === "grant") this.#send(now, kind, this.#bodies.grant());
      else if (session === undefined) return;
      else if (kind === "watch") this.#send(now, kind, this.#bodies.watch((this.#revision ?? 0) + 1), watchMs);
      else if (kind === "keepAlive") {
        const timeoutMs = Math.min(requestTimeoutMs, session.lease.keepAliveMs);
        this.#send(now, kind, this.#bodies.lease(session.lease.id), timeoutMs);
      } else {
        this.#hasNews = false;
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
    if (status === 200 && this.#answered(now, pending, body)) return this.#requests.succeeded();
    const { message, why } = readRefusal(status, body);
    if (why === "leaseGone" && this.#session?.key === pending.key) return this.#endSession(now, "lease");
    if (why === "credentials") this.#requests.token = undefined;
    this.#failed(now, pending, message);
  }

  /** Whether it is the answer that was asked for. */
  #answered(now: Now, pending: EtcdPending, body: string): boolean {
    const { kind, sentAt } = pending;
    const session = this.#session;
    if (kind === "authenticate") {
      this.#requests.token = readToken(body);
      this.#notBefore.authenticate = now.mono + this.#options.retryMs;
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
      if (ttlMs === 0 && this.#rules.obeysTheEnd()) this.#endSession(now, "lease");
      else {
        const usableMs = this.#rules.usableMs(Math.min(ttlMs || session.ttlMs, session.ttlMs), this.#options);
        session.lease.renew(this.#rules.countedFrom(sentAt, now), usableMs);
        this.#notBefore.keepAlive = sentAt.mono + session.lease.keepAliveMs;
      }
      return true;
    }
    const listing = (kind === "campaign" ? readCampaign : readRange)(body, this.#bodies.prefix);
    if (listing !== undefined) this.#listed(now, session, listing, pending.key);
    return listing !== undefined;
  }

  /** The lease counts from when it was asked for. */
  #beginSession(now: Now, sentAt: Now, leaseId: string, ttlMs: number): void {
    const usableMs = this.#rules.usableMs(ttlMs, this.#options);
    const lease = new EtcdLease(leaseId, this.#rules.countedFrom(sentAt, now), usableMs);
    this.#session = { lease, key: keyOf(leaseId), ttlMs, hasKey: false };
    this.#notBefore.keepAlive = sentAt.mono + lease.keepAliveMs;
    this.#notBefore.list = now.mono;
    if (!lease.runs(now)) this.#endSession(now, "lease");
  }

  #listed(now: Now, session: Session, listing: EtcdListing, key: string): void {
    this.#revision = listing.revision;
    this.#candidates = listing.candidates;
    this.#heardAt = now.mono;
    this.#notBefore.list = now.mono + (this.#hasNews ? 0 : this.#options.pollMs);
    const [front] = listing.candidates;
    const own = { key, id: this.#options.id };
    const mine = listing.candidates.find((one) => this.#rules.isOwn(one, own));
    session.hasKey = mine !== undefined || (session.hasKey && !listing.isWhole);
    if (!session.hasKey) this.#notBefore.list = now.mono;
    const leads = mine !== undefined && mine === front;
    if (this.#leading !== undefined && !(leads && mine.epoch === this.#leading.epoch)) {
      return this.#endSession(now, "superseded"); // somebody deleted the key
    }
    if (leads && this.#leading === undefined) {
      this.#leading = { epoch: mine.epoch, id: this.#options.id };
      this.#output.push({ type: "elected", token: this.#leading });
    }
    const known = front === undefined || front.key === this.#formerKey ? undefined : front;
    this.#setLeader(known && { id: known.id, address: known.address, epoch: known.epoch });
  }

  #line(now: Now, id: number, body: string): void {
    const pending = this.#requests.get(id);
    if (pending?.kind !== "watch") return;
    const said = readWatchLine(body);
    if (said === "nothing") return;
    this.#hasNews = true;
    this.#notBefore.list = now.mono;
    if (said === "news") return;
    this.#output.push(...this.#requests.cancel(["watch"]));
    this.#notBefore.watch = now.mono + this.#options.retryMs;
  }

  #failed(now: Now, pending: EtcdPending, message: string): void {
    const { kind } = pending;
    this.#output.push({ type: "trouble", message: `${kind} at ${pending.endpoint}: ${message}` });
    if (kind === "revoke" || kind === "handOver") return this.#left(now, kind);
    if (kind === "watch") {
      this.#notBefore.watch = now.mono + this.#options.retryMs;
      return;
    }
    const at = now.mono + this.#requests.failed(pending);
    if (kind === "authenticate") this.#notBefore.authenticate = now.mono + this.#options.retryMs;
    else this.#notBefore[kind === "campaign" ? "list" : kind] = at;
  }

  /** The lease is lost, for good: whatever is answered in its name means nothing any more (E72). */
  #endSession(now: Now, why: StepDownReason): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#formerKey = session.key;
    session.lease.lose();
    if (!this.#rules.takesLateAnswers()) this.#output.push(...this.#requests.cancel(["keepAlive", "campaign", "list"]));
    if (this.#leading !== undefined) this.#output.push({ type: "stepDown", token: this.#leading, why });
    const led = this.#leading !== undefined;
    this.#leading = undefined;
    if (led || why === "stopped") this.#setLeader(undefined);
    this.#notBefore.grant = now.mono + this.#options.retryMs;
    // So that nobody waits for its end. Where it does not get there, etcd ends the lease by itself.
    if (why === "handedOver") this.#leaving = { leaseId: session.lease.id, key: session.key };
    else if (this.#requests.find("revoke") === undefined) {
      this.#send(now, "revoke", this.#bodies.lease(session.lease.id));
    }
  }

  #resign(now: Now, to: string | undefined): void {
    const session = this.#session;
    const token = this.#leading;
    if (session === undefined || token === undefined) return;
    const line = this.#candidates.slice(1);
    const target = line.findIndex(({ id }) => id === to);
    const before = target > 0 ? line.slice(0, target) : [];
    this.#endSession(now, "handedOver");
    const canName = before.length > 0 && before.length < MAX_DELETES && before.every(({ isOurs }) => isOurs);
    if (canName) this.#send(now, "handOver", this.#bodies.handOver(session.key, token.epoch, before));
    else this.#send(now, "revoke", this.#bodies.lease(session.lease.id));
  }

  /** The next step of giving a lease back. */
  #left(now: Now, kind: "revoke" | "handOver"): void {
    const leaving = this.#leaving;
    if (kind === "handOver" && leaving !== undefined) {
      this.#send(now, "revoke", this.#bodies.lease(leaving.leaseId));
    } else this.#leaving = undefined;
  }

  #stop(now: Now): void {
    const others = allEtcdRequests.filter((kind) => kind !== "revoke");
    this.#output.push(...this.#requests.cancel(others));
    if (this.#leaving !== undefined && this.#requests.find("revoke") === undefined) {
      this.#send(now, "revoke", this.#bodies.lease(this.#leaving.leaseId));
    }
    this.#endSession(now, "stopped");
    this.#setLeader(undefined);
    this.#candidates = [];
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

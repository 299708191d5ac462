/** What became of each request: what an answer brings, what a refusal or a failure costs (election rules E70 to E77). */

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
import type { EtcdPending } from "./etcd-requests.js";
import type { EtcdSessions } from "./etcd-sessions.js";
import type { EtcdSession, EtcdState } from "./etcd-state.js";
import type { Now } from "./stamp.js";

export class EtcdOutcomes {
  readonly #state: EtcdState;
  readonly #sessions: EtcdSessions;

  constructor(state: EtcdState, sessions: EtcdSessions) {
    this.#state = state;
    this.#sessions = sessions;
  }

  replied(now: Now, id: number, status: number, body: string): void {
    const { requests, output } = this.#state;
    const pending = requests.end(id);
    if (pending === undefined) return; // of a lease that is lost, or of nothing that was asked
    if (pending.kind === "revoke" || pending.kind === "handOver") return this.#sessions.left(now, pending.kind);
    if (pending.kind === "watch") return this.#failed(now, pending, "the watch has ended");
    if (status === 200 && this.#isAnswer(now, pending, body)) {
      if (requests.isOutage) output.push({ type: "outageOver", endpoint: pending.endpoint });
      return requests.succeeded();
    }
    const { message, why } = readRefusal(status, body);
    if (why === "leaseGone" && this.#state.session?.key === pending.key) {
      this.#sessions.end(now, "lease");
      return;
    }
    if (why === "credentials") requests.token = undefined;
    this.#failed(now, pending, message);
  }

  /** A line of the watch. */
  watched(now: Now, id: number, body: string): void {
    const { requests, line, agenda, options } = this.#state;
    const pending = requests.get(id);
    if (pending?.kind !== "watch") return;
    const said = readWatchLine(body);
    if (said === "nothing") return;
    line.hasNews = true;
    agenda.notBefore.list = now.mono;
    if (said === "news") return;
    this.#state.cancel(["watch"]);
    agenda.notBefore.watch = now.mono + options.retryMs;
  }

  failed(now: Now, id: number, message: string): void {
    const pending = this.#state.requests.end(id);
    if (pending !== undefined) this.#failed(now, pending, message);
  }

  /** Takes it in. Whether it is the answer that was asked for. */
  #isAnswer(now: Now, pending: EtcdPending, body: string): boolean {
    const { kind, sentAt } = pending;
    const { requests, agenda, options, bodies, session } = this.#state;
    if (kind === "authenticate") {
      requests.token = readToken(body);
      agenda.notBefore.authenticate = now.mono + options.retryMs;
      return requests.token !== undefined;
    }
    if (kind === "grant") {
      const grant = readGrant(body);
      if (grant !== undefined) this.#sessions.begin(now, sentAt, grant.leaseId, grant.ttlMs);
      return grant !== undefined;
    }
    if (session === undefined) return true;
    if (kind === "keepAlive") {
      const ttlMs = readKeepAlive(body, session.lease.id);
      if (ttlMs === undefined) return false;
      if (ttlMs === 0) this.#sessions.end(now, "lease");
      else this.#sessions.renew(now, sentAt, session, ttlMs);
      return true;
    }
    const listing = (kind === "campaign" ? readCampaign : readRange)(body, bodies.prefix);
    if (listing !== undefined) this.#listed(now, session, listing, pending);
    return listing !== undefined;
  }

  #listed(now: Now, session: EtcdSession, listing: EtcdListing, { key, kind }: EtcdPending): void {
    const state = this.#state;
    const { line } = state;
    line.see(listing, now.mono);
    const { id, pollMs, retryMs } = state.options;
    const mine = listing.candidates.find((one) => state.rules.isOwn(one, { key, id }));
    const isBeyond = !listing.isWhole && (session.hasKey || kind === "campaign");
    session.hasKey = mine !== undefined || isBeyond;
    // A key that is missing is put at once, unless it was put right now.
    const isPutInVain = !session.hasKey && kind === "campaign";
    const isUrgent = !session.hasKey || line.hasNews;
    state.agenda.notBefore.list =
      now.mono + (isPutInVain ? retryMs : isUrgent ? 0 : Math.min(pollMs, session.ttlMs / 3));
    const leads = mine !== undefined && mine === line.front;
    if (state.leading !== undefined && !(leads && mine.epoch === state.leading.epoch)) {
      this.#sessions.end(now, "superseded"); // somebody deleted the key
      return;
    }
    if (leads && state.leading === undefined) {
      state.leading = { epoch: mine.epoch, id };
      state.output.push({ type: "elected", token: state.leading });
    }
    state.setLeader(line.leader);
    const { former, isHeldUp } = line;
    if (isHeldUp && former !== undefined && state.requests.find("revoke") === undefined) {
      state.send(now, "revoke", state.bodies.lease(former.leaseId));
    }
  }

  #failed(now: Now, pending: EtcdPending, message: string): void {
    const { requests, agenda, options, output } = this.#state;
    const { kind } = pending;
    const what = `${kind} at ${pending.endpoint}: ${message}`;
    output.push({ type: "trouble", message: what });
    if (kind === "revoke" || kind === "handOver") return this.#sessions.left(now, kind);
    if (kind === "watch") {
      agenda.notBefore.watch = now.mono + options.retryMs;
      return;
    }
    const wasOutage = requests.isOutage;
    const at = now.mono + requests.failed(pending);
    if (requests.isOutage && !wasOutage) output.push({ type: "outage", message: what });
    if (kind === "authenticate") agenda.notBefore.authenticate = now.mono + options.retryMs;
    else agenda.notBefore[kind === "campaign" ? "list" : kind] = at;
  }
}

/** The machine of a candidate whose lease lives in etcd (docs/election.md, "The etcd engine"). */

import type { LeaderInfo } from "./contract.js";
import type { EtcdTask } from "./etcd-agenda.js";
import type { EtcdInput, EtcdOutput } from "./etcd-contract.js";
import { type EtcdElectionOptions, resolveEtcdOptions } from "./etcd-options.js";
import { EtcdOutcomes } from "./etcd-outcomes.js";
import { EtcdRules } from "./etcd-rules.js";
import { EtcdSessions } from "./etcd-sessions.js";
import { EtcdState } from "./etcd-state.js";
import { type Now, WallWatch } from "./stamp.js";
import type { Token } from "./token.js";

/** @throws TypeError or RangeError that names a wrong option and what is accepted */
export function createEtcdElection(options: EtcdElectionOptions, rules: EtcdRules = new EtcdRules()): EtcdElection {
  return new EtcdElection(options, rules);
}

export class EtcdElection {
  readonly #state: EtcdState;
  readonly #sessions: EtcdSessions;
  readonly #outcomes: EtcdOutcomes;
  readonly #wallWatch: WallWatch;
  #phase: "new" | "started" | "stopped" = "new";

  constructor(options: EtcdElectionOptions, rules: EtcdRules) {
    const resolved = resolveEtcdOptions(options);
    this.#wallWatch = new WallWatch(resolved.clockError);
    this.#state = new EtcdState(resolved, rules);
    this.#sessions = new EtcdSessions(this.#state);
    this.#outcomes = new EtcdOutcomes(this.#state, this.#sessions);
  }

  handle(now: Now, input: EtcdInput): EtcdOutput[] {
    const state = this.#state;
    state.output = [];
    if (this.#phase === "stopped") return [];
    if (this.#phase === "new") {
      if (input.type === "stop") this.#phase = "stopped";
      if (input.type !== "start") return [];
      this.#phase = "started";
    }
    this.#look(now);
    if (state.session !== undefined && !state.session.lease.runs(now)) this.#sessions.end(now, "lease");
    this.#take(now, input);
    if (this.#phase === "started") this.#proceed(now);
    return state.output;
  }

  /** When it wants a `tick`, by the monotonic clock. */
  nextDeadline(): number | undefined {
    if (this.#phase !== "started") return undefined;
    const { agenda, session, leader, leading, line, silenceMs } = this.#state;
    const times = this.#tasks().map((kind) => agenda.notBefore[kind]);
    if (session !== undefined) times.push(session.lease.endMono);
    if (leader !== undefined && leading === undefined) times.push(line.heardAt + silenceMs);
    return times.length === 0 ? undefined : Math.min(...times);
  }

  /** Computed at each call (E71). */
  isLeader(now: Now): boolean {
    this.#look(now);
    const { leading, session } = this.#state;
    return leading !== undefined && session?.lease.runs(now) === true;
  }

  /** The token, exactly while `isLeader(now)`. */
  token(now: Now): Token | undefined {
    return this.isLeader(now) ? this.#state.leading : undefined;
  }

  /** Who leads, as far as this candidate knows (E75). */
  leader(now: Now): LeaderInfo | undefined {
    return this.#state.leading !== undefined && !this.isLeader(now) ? undefined : this.#state.leader;
  }

  /** Who stands in line, the leader first, as the last look at the keys found it. Their epochs are create revisions. */
  candidates(): readonly LeaderInfo[] {
    return this.#state.line.all;
  }

  /** Nobody can tell how long ago the lease was renewed once the wall clock was set back (E13). */
  #look(now: Now): void {
    if (!this.#wallWatch.look(now)) return;
    this.#state.session?.lease.lose();
    this.#state.requests.forget("grant"); // it would count from before
  }

  #take(now: Now, input: EtcdInput): void {
    switch (input.type) {
      case "reply":
        return this.#outcomes.replied(now, input.id, input.status, input.body);
      case "line":
        return this.#outcomes.watched(now, input.id, input.body);
      case "failed":
        return this.#outcomes.failed(now, input.id, input.message);
      case "resign":
        return this.#sessions.resign(now, input.to);
      case "stop":
        return this.#stop(now);
      case "start":
      case "tick":
      case "clockJump":
        return;
    }
  }

  #stop(now: Now): void {
    this.#sessions.stop(now);
    this.#state.setLeader(undefined);
    this.#state.line.forget();
    this.#phase = "stopped";
  }

  /** What is to be asked now or later. */
  #tasks(): EtcdTask[] {
    const { agenda, options, requests, session, line } = this.#state;
    return agenda.tasks({
      lacksToken: options.user !== undefined && requests.token === undefined,
      hasLease: session !== undefined,
      isLeaving: this.#sessions.isLeaving,
      hasLooked: line.revision !== undefined,
    });
  }

  /** Asks for whatever is due. */
  #proceed(now: Now): void {
    const state = this.#state;
    const { requests, agenda, line } = state;
    if (state.leading === undefined && now.mono >= line.heardAt + state.silenceMs) state.setLeader(undefined);
    const watch = requests.find("watch");
    if (watch !== undefined && watch.endpoint !== requests.endpoint) state.cancel(["watch"]);
    for (const kind of this.#tasks()) {
      if (now.mono < agenda.notBefore[kind]) continue;
      this.#ask(now, kind);
    }
  }

  #ask(now: Now, task: EtcdTask): void {
    const state = this.#state;
    const { bodies, line, session } = state;
    const { requestTimeoutMs, watchMs } = state.options;
    if (task === "authenticate") return state.send(now, task, bodies.authenticate());
    if (task === "grant") return state.send(now, task, bodies.grant());
    if (session === undefined) return;
    if (task === "watch") return state.send(now, task, bodies.watch((line.revision ?? 0) + 1), watchMs);
    if (task === "keepAlive") {
      const timeoutMs = Math.min(requestTimeoutMs, session.lease.keepAliveMs);
      return state.send(now, task, bodies.lease(session.lease.id), timeoutMs);
    }
    line.hasNews = false;
    if (session.hasKey) state.send(now, "list", bodies.list());
    else state.send(now, "campaign", bodies.campaign(session.key, session.lease.id));
  }
}

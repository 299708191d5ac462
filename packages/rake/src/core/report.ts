/** What a build did, made of its events alone (docs/rake.md R40): for `rake explain`, the timeline and the trace. */

import type { BuildEvent, BuildResult, Where } from "./client-contract.js";
import type { HostFacts, PriceParts, Refusal, RunEnd } from "./messages.js";
import type { Plan } from "./plan.js";

/** Times are the machine's, in milliseconds; undefined where it did not come to that. */
export interface BuildReport {
  readonly hosts: readonly HostReport[];
  readonly sets: readonly SetReport[];
  /** In the order of the Rakefile. */
  readonly actions: readonly ActionReport[];
  readonly beganAt?: number;
  readonly endedAt?: number;
  readonly result?: BuildResult;
}

export interface HostReport {
  /** "host:port". */
  readonly address: string;
  readonly facts?: HostFacts;
  /** From `upAt` on it was there; `lostAt` and `why` where that ended. */
  readonly times: readonly { readonly upAt: number; readonly lostAt?: number; readonly why?: string }[];
  readonly troubles: readonly { readonly at: number; readonly why: string; readonly backoffMs: number }[];
}

export interface SetReport {
  readonly name: string;
  readonly beganAt?: number;
  readonly endedAt?: number;
  readonly succeeded?: boolean;
}

export interface BidReport {
  readonly host: number;
  readonly parts: PriceParts;
  readonly priceMs: number;
  readonly missingBytes: number;
}

export interface RoundReport {
  readonly round: number;
  readonly at: number;
  readonly hosts: readonly number[];
  readonly bids: readonly BidReport[];
  readonly refusals: readonly { readonly host: number; readonly reason: Refusal; readonly text: string }[];
}

export interface AttemptReport {
  readonly attempt: number;
  readonly where: Where;
  /** As in the event `placed`. */
  readonly why: string;
  readonly expectedMs: number;
  readonly placedAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly end?: RunEnd;
  readonly sentBytes: number;
  /** Bytes of inputs that the host had. */
  readonly savedBytes: number;
  readonly outputs: number;
  readonly receivedBytes: number;
  /** What became of it; undefined while it goes on. "beaten": another attempt was first. */
  readonly outcome?: "won" | "lost" | "beaten" | "failed";
  /** Of one that was lost. */
  readonly lostWhy?: string;
}

export interface ActionReport {
  readonly set: number;
  readonly action: number;
  readonly line: number;
  readonly command: string;
  readonly remote: boolean;
  /** What its host must have; undefined: nothing. */
  readonly on?: readonly string[];
  readonly rounds: readonly RoundReport[];
  readonly attempts: readonly AttemptReport[];
  readonly endedAt?: number;
  readonly outcome: "not run" | "succeeded" | "failed";
  readonly message?: string;
}

/** Before the first event. */
export function emptyReport({ hosts, sets }: Plan): BuildReport {
  return {
    hosts: hosts.map(({ host, port }) => ({
      address: `${host.includes(":") ? `[${host}]` : host}:${port}`,
      times: [],
      troubles: [],
    })),
    sets: sets.map(({ name }) => ({ name })),
    actions: sets.flatMap(({ actions }, set) =>
      actions.map(({ index, line, command, remote, on }) => {
        const known = { set, action: index, line, command, remote, ...(on.length > 0 && { on }) };
        return { ...known, rounds: [], attempts: [], outcome: "not run" as const };
      }),
    ),
  };
}

/** Makes a report of events as they come: each costs what it changes, however many actions there are. */
export class ReportBuilder {
  readonly #hosts: HostReport[];
  readonly #sets: SetReport[];
  readonly #actions: ActionReport[];
  #beganAt: number | undefined;
  #endedAt: number | undefined;

  constructor(plan: Plan) {
    const { hosts, sets, actions } = emptyReport(plan);
    this.#hosts = [...hosts];
    this.#sets = [...sets];
    this.#actions = [...actions];
  }

  /** So far; later events do not change it. */
  get report(): BuildReport {
    const lists = { hosts: [...this.#hosts], sets: [...this.#sets], actions: [...this.#actions] };
    if (this.#beganAt === undefined || this.#endedAt === undefined) return lists;
    return { ...lists, beganAt: this.#beganAt, endedAt: this.#endedAt };
  }

  add(event: BuildEvent): void {
    this.#beganAt ??= event.at;
    this.#endedAt = event.at;
    switch (event.type) {
      case "setStarted":
        return put(this.#sets, event.set, (set) => ({ ...set, beganAt: event.at }));
      case "setEnded": {
        const { at: endedAt, succeeded } = event;
        return put(this.#sets, event.set, (set) => ({ ...set, endedAt, succeeded }));
      }
      case "hostUp":
      case "hostLost":
      case "hostBackedOff":
        return put(this.#hosts, event.host, (host) => hostAfter(host, event));
      default: {
        const isThere = this.#actions[event.action]?.action === event.action;
        const index = isThere ? event.action : this.#actions.findIndex(({ action }) => action === event.action);
        return put(this.#actions, index, (action) => actionAfter(action, event));
      }
    }
  }
}

type HostEvent = Extract<BuildEvent, { type: "hostUp" | "hostLost" | "hostBackedOff" }>;
type ActionEvent = Extract<BuildEvent, { readonly action: number }>;

function hostAfter(host: HostReport, event: HostEvent): HostReport {
  if (event.type === "hostUp") {
    return { ...host, facts: event.facts, times: [...host.times, { upAt: event.at }] };
  }
  const { at, why, backoffMs } = event;
  const troubles = [...host.troubles, { at, why, backoffMs }];
  const last = host.times.at(-1);
  if (event.type === "hostBackedOff" || last === undefined || last.lostAt !== undefined) return { ...host, troubles };
  return { ...host, troubles, times: [...host.times.slice(0, -1), { ...last, lostAt: at, why }] };
}

function actionAfter(action: ActionReport, event: ActionEvent): ActionReport {
  const { at } = event;
  const attempt = (change: (attempt: AttemptReport) => AttemptReport): ActionReport => {
    const number = "attempt" in event ? event.attempt : 0;
    return { ...action, attempts: action.attempts.map((one) => (one.attempt === number ? change(one) : one)) };
  };
  switch (event.type) {
    case "quoted": {
      const { round, hosts } = event;
      return { ...action, rounds: [...action.rounds, { round, at, hosts, bids: [], refusals: [] }] };
    }
    case "bid": {
      const { host, parts, priceMs, missingBytes } = event;
      const bid = { host, parts, priceMs, missingBytes };
      return inRound(action, event.round, (round) => ({ ...round, bids: [...round.bids, bid] }));
    }
    case "refused": {
      const { host, reason, text } = event;
      return inRound(action, event.round, (round) => ({
        ...round,
        refusals: [...round.refusals, { host, reason, text }],
      }));
    }
    case "placed": {
      const { where, why, expectedMs } = event;
      const placed = { attempt: event.attempt, where, why, expectedMs, placedAt: at };
      const nothing = { sentBytes: 0, savedBytes: 0, outputs: 0, receivedBytes: 0 };
      return { ...action, attempts: [...action.attempts, { ...placed, ...nothing }] };
    }
    case "sent":
      return attempt((one) => ({ ...one, sentBytes: event.bytes, savedBytes: event.savedBytes }));
    case "started":
      return attempt((one) => ({ ...one, startedAt: at }));
    case "ended":
      return attempt((one) => ({ ...one, endedAt: at, end: event.end }));
    case "received":
      return attempt((one) => ({ ...one, outputs: event.outputs, receivedBytes: event.bytes }));
    case "attemptLost":
      return attempt((one) => ({ ...one, endedAt: one.endedAt ?? at, outcome: "lost", lostWhy: event.why }));
    case "won":
      return action;
    case "actionSucceeded": {
      const attempts = action.attempts.map((one) =>
        one.attempt === event.attempt
          ? { ...one, endedAt: one.endedAt ?? at, outcome: "won" as const }
          : over(one, at, "beaten"),
      );
      return { ...action, attempts, endedAt: at, outcome: "succeeded" };
    }
    case "actionFailed": {
      const attempts = action.attempts.map((one) => over(one, at, "failed"));
      return { ...action, attempts, endedAt: at, outcome: "failed", message: event.message };
    }
  }
}

/** Of an attempt that nothing became of until the action was over. */
function over(attempt: AttemptReport, at: number, outcome: "beaten" | "failed"): AttemptReport {
  return attempt.outcome === undefined ? { ...attempt, endedAt: attempt.endedAt ?? at, outcome } : attempt;
}

function inRound(action: ActionReport, number: number, change: (round: RoundReport) => RoundReport): ActionReport {
  return { ...action, rounds: action.rounds.map((one) => (one.round === number ? change(one) : one)) };
}

function put<Item>(items: Item[], index: number, change: (item: Item) => Item): void {
  const item = items[index];
  if (item !== undefined) items[index] = change(item);
}

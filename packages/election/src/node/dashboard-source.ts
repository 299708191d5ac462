/** What a dashboard shows: this node, its history, and the table of its leader, which it asks once a second while a page watches. */
import { performance } from "node:perf_hooks";
import type { ClusterView, ElectionView, ElectorEvents, HostRow, LeaderInfo } from "../core/contract.js";
import {
  beginHistory,
  type LeadershipEvent,
  type LeadershipHistory,
  recordLeadership,
} from "../core/leadership-history.js";
import type { Device } from "../core/load.js";
import type { DashboardPage, Shown, ShownHistory, ShownState, ShownTable, TableSource } from "../web/state.js";
import type { DashboardNumbers } from "./dashboard-options.js";
import { originsOf } from "./dashboard-requests.js";
import { pickRows } from "./dashboard-rows.js";
import { QueryError } from "./errors.js";
import { deviceInfo } from "./host-metrics.js";
import { type QueryOptions, queryNode } from "./query.js";

/** What a dashboard needs of a node: part of a `NodeElector`. */
export interface ShownElector {
  readonly address: string;
  readonly warnings: readonly string[];
  view(): ElectionView;
  leader(): LeaderInfo | undefined;
  on<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): unknown;
  off<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): unknown;
}

/** How nodes of this cluster are asked. */
export type ShowOptions = Pick<QueryOptions, "cluster" | "secret" | "routes">;

export interface SourceOptions extends Pick<DashboardNumbers, "maxRows" | "updateMs" | "learnMs" | "queryTimeoutMs"> {
  readonly elector: ShownElector;
  readonly how: ShowOptions;
  readonly url: string;
  /** Default `queryNode`. */
  readonly query?: typeof queryNode;
  /** Default `deviceInfo`. */
  readonly device?: () => Promise<Device>;
  /** Something of it is new. */
  readonly onNews: (news: Partial<Shown>) => void;
}

/** The leader's answer, and when it came. */
interface Answer {
  readonly view: ClusterView;
  readonly atMono: number;
}

/** Dashboards of the cluster that are remembered, so that their pages are let in; the page is told of the latest few. */
const MAX_PAGES = 1_024;
const MAX_PAGES_SENT = 32;

const problems: Readonly<Record<string, string>> = {
  REFUSED: "nobody listens there",
  TIMEOUT: "it does not answer",
  CLOSED: "it ended the connection",
};

export class DashboardSource {
  readonly #options: SourceOptions;
  readonly #query: typeof queryNode;
  readonly #abort = new AbortController();
  readonly #pages = new Map<string, string>();
  readonly #timers: NodeJS.Timeout[] = [];
  #history: LeadershipHistory;
  #device: Device | undefined;
  #answer: Answer | undefined;
  /** Why the leader that is followed gave no table when it was asked last. */
  #problem: Problem | undefined;
  /** Until when this node's promise to the leader that it follows runs at least. */
  #promisedUntil = 0;
  #polling: Promise<void> | undefined;
  #soon: NodeJS.Timeout | undefined;
  #table: ShownTable | undefined;
  #rowsText = "";
  /** The last that was looked at: a table is not changed once it is made (E27). */
  #hosts: readonly HostRow[] = [];
  #isWatched = false;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#query = options.query ?? queryNode;
    const { elector } = options;
    this.#history = beginHistory(Date.now());
    const leader = elector.leader();
    if (leader !== undefined) this.#record({ type: "leader", leader });
    this.#sample();
    for (const name of Object.keys(this.#listeners) as (keyof ElectorEvents)[]) {
      elector.on(name, this.#listeners[name] as ElectorEvents[typeof name]);
    }
    this.#timers.push(setInterval(() => this.#tick(), options.updateMs));
    this.#timers.push(setInterval(() => void this.poll(), options.learnMs).unref());
    this.#read();
    void this.poll();
    void this.#describe();
  }

  /** All of it, now. */
  get shown(): Shown {
    return { state: this.#state(), table: this.#table, history: this.#shownHistory };
  }

  /** The origins of all dashboards of the cluster that are known. */
  get origins(): Set<string> {
    return originsOf([this.#options.url, ...this.#pages.values()]);
  }

  /** Whether a page watches: the leader is asked once a second only then. */
  watch(isWatched: boolean): void {
    const begins = isWatched && !this.#isWatched;
    this.#isWatched = isWatched;
    if (begins) void this.poll();
  }

  /** Asks the leader, if that is another node. Resolves when it has answered or failed to; never rejects. */
  poll(): Promise<void> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = undefined;
    });
    return this.#polling;
  }

  /** Asks the leader where its last answer is old, as it is while no page watches. */
  async refresh(): Promise<void> {
    if (!this.#isFresh()) await this.poll();
  }

  #isFresh(): boolean {
    const { updateMs, queryTimeoutMs } = this.#options;
    return this.#answer !== undefined && performance.now() - this.#answer.atMono <= 2 * updateMs + queryTimeoutMs;
  }

  close(): void {
    this.#abort.abort();
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#soon);
    for (const name of Object.keys(this.#listeners) as (keyof ElectorEvents)[]) {
      this.#options.elector.off(name, this.#listeners[name] as ElectorEvents[typeof name]);
    }
  }

  readonly #listeners: ElectorEvents = {
    elected: (token) => this.#heard({ type: "elected", token, isOffered: this.#isOffered() }),
    stepDown: (token, why) => this.#heard({ type: "stepDown", token, why }),
    leader: (leader) => {
      const { role, leaseMs, leaseRemainingMs } = this.#options.elector.view();
      // A promise is renewed at every report, of which a lease has three at least. When a leader dies, the promises of all end within
      // an interval of reports: whoever has much of it left heard the leader just now, and has heard of another. Whoever stands has
      // promised itself to itself, and knows as little of why as when the leader died.
      const isClaimed = role === "leaderless" && leaseRemainingMs > leaseMs / 2;
      this.#heard({ type: "leader", leader, isClaimed, isOffered: this.#isOffered() });
      this.#sample();
      if (this.#isWatched) void this.poll();
      // The new leader knows its hosts' dashboards when they have reported.
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => void this.poll(), this.#options.elector.view().leaseMs).unref();
    },
    hosts: () => {
      this.#read();
      this.#tell({});
    },
  };

  #heard(event: LeadershipEvent): void {
    this.#record(event);
    this.#read();
    this.#tell({ history: this.#shownHistory });
  }

  #record(event: LeadershipEvent): void {
    this.#history = recordLeadership(this.#history, Date.now(), event);
  }

  /** Whoever stands while its promise to another runs was offered the lead: nothing else lets it (E36). */
  #isOffered(): boolean {
    const { role } = this.#options.elector.view();
    return (role === "candidate" || role === "leader") && performance.now() < this.#promisedUntil;
  }

  #sample(): void {
    const { role, leaseRemainingMs } = this.#options.elector.view();
    if (role === "follower") this.#promisedUntil = performance.now() + leaseRemainingMs;
  }

  #tick(): void {
    this.#sample();
    if (!this.#isWatched) return;
    this.#read();
    this.#tell({});
    void this.poll();
  }

  /** With the state, which comes first: times are by its clock. */
  #tell(news: Partial<Shown>): void {
    if (this.#isWatched) this.#options.onNews({ state: this.#state(), ...news });
  }

  async #describe(): Promise<void> {
    try {
      this.#device = await (this.#options.device ?? deviceInfo)();
      this.#tell({ history: this.#shownHistory });
    } catch {
      // The page says that it is unknown.
    }
  }

  async #poll(): Promise<void> {
    const { elector, how, queryTimeoutMs } = this.#options;
    const leader = elector.leader();
    if (elector.view().role === "leader" || leader === undefined || this.#abort.signal.aborted) return;
    try {
      const view = await this.#query(leader.address, { ...how, timeoutMs: queryTimeoutMs, signal: this.#abort.signal });
      if (view.role !== "leader") this.#problem = "it leads no more";
      else {
        this.#answer = { view, atMono: performance.now() };
        this.#problem = undefined;
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      const code = error instanceof QueryError ? error.code : "";
      this.#problem = problems[code] ?? (error instanceof Error ? error.message : String(error));
    }
    this.#read();
    this.#tell({});
  }

  /** Takes the table over where it is another. */
  #read(): void {
    const view = this.#options.elector.view();
    const from = view.role === "leader" ? view : this.#answer?.view;
    if (from === undefined) return;
    if (view.role === "leader") {
      this.#answer = { view, atMono: performance.now() };
      this.#problem = undefined;
    }
    const { maxRows } = this.#options;
    if (from.hosts.length === 0) return; // before its first pulse: the former table says more
    if (from.hosts === this.#hosts) return;
    this.#hosts = from.hosts;
    for (const { id, ui } of from.hosts) if (ui !== undefined) this.#learn(id, ui);
    const rows = pickRows(from.hosts, maxRows);
    const text = `${from.id} ${from.epoch} ${from.hosts.length} ${JSON.stringify(rows)}`;
    if (text === this.#rowsText) return;
    this.#rowsText = text;
    const connected = from.hosts.reduce((sum, { status }) => sum + (status === "connected" ? 1 : 0), 0);
    this.#table = { by: from.id, epoch: from.epoch, total: from.hosts.length, connected, rows };
    this.#tell({ table: this.#table });
  }

  #learn(id: string, url: string): void {
    if (this.#pages.get(id) === url) return;
    this.#pages.delete(id);
    this.#pages.set(id, url);
    const [oldest] = this.#pages.keys();
    if (this.#pages.size > MAX_PAGES && oldest !== undefined) this.#pages.delete(oldest);
  }

  #state(): ShownState {
    const { elector, how, url } = this.#options;
    const view = elector.view();
    const others = [...this.#pages].filter(([id]) => id !== view.id).slice(-MAX_PAGES_SENT);
    const pages = [[view.id, url] as const, ...others].map(([id, page]): DashboardPage => ({ id, url: page }));
    const answer = this.#currentAnswer(view);
    return {
      at: Date.now(),
      cluster: how.cluster ?? "lab",
      mode: view.mode,
      node: {
        id: view.id,
        address: elector.address,
        url,
        role: view.role,
        epoch: view.epoch,
        warnings: elector.warnings,
      },
      leader: view.leader,
      fallbacks: answer?.view.fallbacks ?? view.fallbacks,
      lease: leaseOf(view, answer),
      source: this.#source(),
      pages,
    };
  }

  /** The leader's own word, while it is the one that this node follows and answers. */
  #currentAnswer(view: ElectionView): Answer | undefined {
    const answer = this.#answer;
    if (answer === undefined || !this.#isFresh() || this.#problem !== undefined || view.leader === undefined)
      return undefined;
    return answer.view.id === view.leader.id && answer.view.epoch === view.leader.epoch ? answer : undefined;
  }

  #source(): TableSource | undefined {
    if (this.#table === undefined || this.#answer === undefined) return undefined;
    const { leader } = this.#options.elector.view();
    const { by } = this.#table;
    const ageMs = Math.round(performance.now() - this.#answer.atMono);
    const problem = leader === undefined ? "nobody leads" : leader.id === by ? this.#problem : `${leader.id} leads now`;
    return { by, ageMs, problem };
  }

  get #shownHistory(): ShownHistory {
    return { history: this.#history, device: this.#device };
  }
}

function leaseOf(view: ElectionView, answer: Answer | undefined): ShownState["lease"] {
  const isLeaders = answer !== undefined;
  const { leaseMs, leaseRemainingMs } = answer?.view ?? view;
  const remaining = leaseRemainingMs - (isLeaders ? performance.now() - answer.atMono : 0);
  return {
    of: isLeaders ? "leader" : "node",
    leaseMs,
    remainingMs: Number.isFinite(remaining) ? Math.max(0, Math.round(remaining)) : null,
  };
}

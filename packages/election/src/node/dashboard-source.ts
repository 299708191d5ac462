/** What a dashboard shows: this node, its history, and the table of its leader, which it asks once a second while a page watches. */
import { performance } from "node:perf_hooks";
import type { ElectionView, ElectorEvents, HostRow, LeaderInfo } from "../core/contract.js";
import {
  beginHistory,
  type LeadershipEvent,
  type LeadershipHistory,
  recordLeadership,
} from "../core/leadership-history.js";
import type { Device } from "../core/load.js";
import type { Shown, ShownHistory, ShownState, ShownTable, TableSource } from "../web/state.js";
import { type Answer, isLedBy, leaseOf, type Problem, silenceOf, whyOf } from "./dashboard-leader.js";
import type { DashboardNumbers } from "./dashboard-options.js";
import { DashboardPages } from "./dashboard-pages.js";
import { pickRows } from "./dashboard-rows.js";
import { deviceInfo } from "./host-metrics.js";
import { LaterQuestion } from "./later-question.js";
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
  /** Of pages that may read whatever hosts say. */
  readonly origins?: readonly string[] | undefined;
  /** Default `queryNode`. */
  readonly query?: typeof queryNode;
  /** Default `deviceInfo`. */
  readonly device?: () => Promise<Device>;
  /** Something of it is new. */
  readonly onNews: (news: Partial<Shown>) => void;
}

/** Rows that may be asked for in each `learnMs` (E69). */
const LEARNT_ROWS = 100;
/** A timer that is given more ends at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export class DashboardSource {
  readonly #options: SourceOptions;
  readonly #query: typeof queryNode;
  readonly #abort = new AbortController();
  readonly #pages: DashboardPages;
  readonly #ticks: NodeJS.Timeout;
  #history: LeadershipHistory;
  #device: Device | undefined;
  #answer: Answer | undefined;
  /** Why the leader that is followed gave no table when it was asked last. */
  #problem: Problem | undefined;
  #polling: Promise<void> | undefined;
  #polledAtMono = Number.NEGATIVE_INFINITY;
  /** A question for pages that are not known. */
  readonly #learning = new LaterQuestion(() => this.poll());
  /** The next question while no page watches. */
  #later: NodeJS.Timeout | undefined;
  /** One that follows a change of leaders. */
  #soon: NodeJS.Timeout | undefined;
  #table: ShownTable | undefined;
  /** When that was true last. */
  #tableAtMono = 0;
  #rowsText = "";
  /** The last that was looked at: a table is not changed once it is made (E27). */
  #hosts: readonly HostRow[] = [];
  #isWatched = false;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#query = options.query ?? queryNode;
    const { elector, how, url } = options;
    const hasSecret = how.secret !== undefined;
    const addresses = Object.entries(how.routes ?? {}).flat();
    this.#pages = new DashboardPages({ url, hasSecret, addresses, origins: options.origins ?? [] });
    this.#history = beginHistory(Date.now());
    const leader = elector.leader();
    if (leader !== undefined) this.#record({ type: "leader", leader });
    for (const name of Object.keys(this.#listeners) as (keyof ElectorEvents)[]) {
      elector.on(name, this.#listeners[name] as ElectorEvents[typeof name]);
    }
    this.#ticks = setInterval(() => this.#tick(), options.updateMs);
    this.#read();
    void this.poll();
    void this.#describe();
  }

  /** All of it, now. */
  get shown(): Shown {
    return { state: this.#state(), table: this.#table, history: this.#shownHistory };
  }

  /** The origins whose pages may read (E68). */
  get origins(): Set<string> {
    return this.#pages.origins;
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
      this.#polledAtMono = performance.now();
      if (this.#abort.signal.aborted) return;
      clearTimeout(this.#later);
      this.#later = setTimeout(() => void this.poll(), this.#learnMs).unref();
    });
    return this.#polling;
  }

  /**
   * Asks the leader for pages that are not known: `updateMs` after the last question at the earliest, one question for all
   * of them, so that a page of whomever cannot make this node ask without a pause. Never rejects.
   */
  learn(): Promise<void> {
    const waitMs = this.#polledAtMono + this.#options.updateMs - performance.now();
    if (this.#polling !== undefined || waitMs <= 0 || this.#abort.signal.aborted) return this.poll();
    return this.#learning.in(waitMs);
  }

  /** Between two questions while no page watches: an answer costs the leader as much as it has rows. */
  get #learnMs(): number {
    const { learnMs } = this.#options;
    return Math.min(learnMs * Math.max(1, (this.#table?.total ?? 0) / LEARNT_ROWS), MAX_TIMER_MS);
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
    this.#learning.close();
    clearInterval(this.#ticks);
    clearTimeout(this.#later);
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
      if (this.#isWatched) void this.poll();
      // The new leader knows its hosts' dashboards when they have reported. All nodes hear of it at once: not all ask at once for a long table.
      const spreadMs = Math.random() * (this.#learnMs - this.#options.learnMs);
      clearTimeout(this.#soon);
      this.#soon = setTimeout(() => void this.poll(), Math.min(leaseMs + spreadMs, MAX_TIMER_MS)).unref();
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

  /** Whether the leader that was followed last has handed over to this node. */
  #isOffered(): boolean {
    const { offeredBy } = this.#options.elector.view();
    const last = this.#history.terms.at(-1);
    return offeredBy !== undefined && offeredBy.id === last?.id && offeredBy.epoch === last.epoch;
  }

  #tick(): void {
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
      if (view.role !== "leader") this.#problem = { leader, why: "it leads no more", isSilent: false };
      else {
        this.#answer = { view, atMono: performance.now() };
        this.#problem = undefined;
      }
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      this.#problem = { leader, why: whyOf(error), isSilent: true };
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
    this.#tableAtMono = this.#answer?.atMono ?? 0;
    if (from.hosts === this.#hosts) return;
    this.#hosts = from.hosts;
    this.#pages.learn(from.hosts);
    const rows = pickRows(from.hosts, maxRows);
    const text = `${from.id} ${from.epoch} ${from.hosts.length} ${JSON.stringify(rows)}`;
    if (text === this.#rowsText) return;
    this.#rowsText = text;
    const connected = from.hosts.reduce((sum, { status }) => sum + (status === "connected" ? 1 : 0), 0);
    this.#table = { by: from.id, epoch: from.epoch, total: from.hosts.length, connected, rows };
    this.#tell({ table: this.#table });
  }

  #state(): ShownState {
    const { elector, how, url } = this.#options;
    const view = elector.view();
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
        quarantineMs: view.quarantineMs,
      },
      leader: view.leader,
      fallbacks: answer?.view.fallbacks ?? view.fallbacks,
      lease: leaseOf(view, answer),
      source: this.#source(view),
      silence: silenceOf(view, this.#problemOf(view.leader), this.#answer),
      pages: this.#pages.list(view.id),
    };
  }

  /** The leader's own word, while it is the one that this node follows and answers. */
  #currentAnswer(view: ElectionView): Answer | undefined {
    const answer = this.#answer;
    if (answer === undefined || !this.#isFresh() || this.#problemOf(view.leader) !== undefined) return undefined;
    return isLedBy(answer.view, view.leader) ? answer : undefined;
  }

  /** Why the leader that is followed gave no table when it was asked last; what was so with another is over. */
  #problemOf(leader: LeaderInfo | undefined): Problem | undefined {
    return this.#problem !== undefined && isLedBy(this.#problem.leader, leader) ? this.#problem : undefined;
  }

  #source({ leader }: ElectionView): TableSource | undefined {
    if (this.#table === undefined) return undefined;
    const { by, epoch } = this.#table;
    const ageMs = Math.round(performance.now() - this.#tableAtMono);
    const problem = leader === undefined ? "nobody leads" : this.#problemOf(leader)?.why;
    return { by, epoch, ageMs, problem };
  }

  get #shownHistory(): ShownHistory {
    return { history: this.#history, device: this.#device };
  }
}

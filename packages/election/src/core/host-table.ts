/** The hosts that report to a leader: who is live, who is better, who is next in line (election rules E24 to E27). */

import type { Fallback, HostRow } from "./contract.js";
import { type Load, LoadAverage, type Score } from "./load.js";
import type { BodyOf } from "./messages.js";

export interface Host {
  readonly id: string;
  readonly incarnation: string;
  hostName: string;
  address: string;
  /** Empty where it has no dashboard. */
  ui: string;
  /** The connection of its last report that counted. */
  link: number;
  /** When a report of it counted last, on the leader's monotonic clock. */
  heardMono: number;
  /** The newest stamp that a report under this id has echoed, and whether one of this incarnation has. */
  echoedMono: number;
  isProven: boolean;
  /** Since when the id is reported under without a proof. */
  readonly claimedMono: number;
  /** Whether its last report counted: a replay does not (E7). */
  counts: boolean;
  readonly loads: LoadAverage;
  score: number;
}

export interface HostTableOptions {
  readonly reportMs: number;
  readonly leaseMs: number;
  readonly forgetMs: number;
  readonly maxHosts: number;
  readonly score: Score;
}

const medals = ["gold", "silver", "bronze"] as const;

export class HostTable {
  readonly #hosts = new Map<string, Host>();
  readonly #options: HostTableOptions;

  constructor(options: HostTableOptions) {
    this.#options = options;
  }

  get(id: string): Host | undefined {
    return this.#hosts.get(id);
  }

  all(): Iterable<Host> {
    return this.#hosts.values();
  }

  isLive(host: Host, mono: number): boolean {
    return this.#isRecent(host.heardMono, mono);
  }

  isConnected(host: Host, mono: number): boolean {
    return mono - host.heardMono < this.#options.leaseMs;
  }

  /**
   * Undefined where the id belongs to another (E7), or there is no room (E24). A report counts where it echoes a newer stamp than
   * any before, comes on the connection of one that did, or there was little time for that yet.
   * @param echoedMono of the recent Ack that it echoes
   */
  report(
    id: string,
    incarnation: string,
    report: BodyOf<"report">,
    link: number,
    mono: number,
    echoedMono: number = Number.NEGATIVE_INFINITY,
  ): Host | undefined {
    let host = this.#hosts.get(id);
    const proves = echoedMono > (host?.echoedMono ?? Number.NEGATIVE_INFINITY);
    if (host === undefined || host.incarnation !== incarnation) {
      if (host === undefined && this.#hosts.size >= this.#options.maxHosts) return undefined;
      if (host !== undefined && this.#isTaken(host, mono) && (host.isProven || !proves)) return undefined;
      host = newcomer(id, incarnation, link, host, mono);
      this.#hosts.set(id, host);
      take(host, report);
    }
    host.counts = proves || link === host.link || (!host.isProven && this.#isRecent(host.claimedMono, mono));
    if (!host.counts) return host;
    if (proves) host.echoedMono = echoedMono;
    host.isProven ||= proves;
    host.link = link;
    host.heardMono = mono;
    take(host, report);
    host.loads.add(report.load);
    return host;
  }

  /** Whether nobody else may report under its id (E7). */
  #isTaken(host: Host, mono: number): boolean {
    return host.isProven ? this.isLive(host, mono) : this.#isRecent(host.claimedMono, mono);
  }

  #isRecent(thenMono: number, mono: number): boolean {
    return mono - thenMono <= 2 * this.#options.reportMs;
  }

  /** Scores all, forgets who is long gone, and gives the live ones in the order of their rank. */
  rank(mono: number): Host[] {
    const live: Host[] = [];
    for (const host of this.#hosts.values()) {
      if (mono - host.heardMono >= this.#options.forgetMs) {
        this.#hosts.delete(host.id);
        continue;
      }
      host.score = scoreOf(this.#options.score, host.loads.average);
      if (this.isLive(host, mono)) live.push(host);
    }
    return live.sort(byScore);
  }

  /** The table as it is shown: the leader among the hosts in the order of their rank, then those that have none. */
  rows(mono: number, ranked: readonly Host[], leader: Host): HostRow[] {
    const silent = [...this.#hosts.values()].filter((host) => !this.isLive(host, mono)).sort(byScore);
    const withLeader = [...ranked, leader].sort(byScore);
    const rows = withLeader.map((host, index) => rowOf(host, index + 1, true, host === leader));
    for (const host of silent) rows.push(rowOf(host, undefined, this.isConnected(host, mono), false));
    return rows;
  }
}

/** What is known at first of who comes instead of `former` under an id, or as the first. */
function newcomer(id: string, incarnation: string, link: number, former: Host | undefined, mono: number): Host {
  // One literal: an object that is spread from another takes several times as long to read (measured with 10,000 hosts).
  return {
    id,
    incarnation,
    hostName: "",
    address: "",
    ui: "",
    link,
    heardMono: former?.heardMono ?? mono,
    echoedMono: former?.echoedMono ?? Number.NEGATIVE_INFINITY,
    isProven: false,
    claimedMono: former === undefined || former.isProven ? mono : former.claimedMono,
    counts: true,
    loads: new LoadAverage(),
    score: 0,
  };
}

/** What has not changed is not kept anew: each text that is kept costs the collector. */
function take(host: Host, { hostName, address, ui }: BodyOf<"report">): void {
  if (host.hostName !== hostName) host.hostName = hostName;
  if (host.address !== address) host.address = address;
  if (host.ui !== ui) host.ui = ui;
}

function rowOf(host: Host, rank: number | undefined, isConnected: boolean, isLeader: boolean): HostRow {
  const { id, hostName, address, ui, loads, score } = host;
  return {
    rank,
    id,
    hostName,
    address,
    ui: ui === "" ? undefined : ui,
    load: loads.average,
    score,
    status: isConnected ? "connected" : "disconnected",
    medal: medalOf(rank),
    isLeader,
  };
}

export function medalOf(rank: number | undefined): HostRow["medal"] {
  return rank === undefined ? undefined : medals[rank - 1];
}

/** A score that is no number counts as 0 (E25). */
export function scoreOf(score: Score, load: Load): number {
  const value = score(load);
  return Number.isFinite(value) ? value : 0;
}

function byScore(a: Host, b: Host): number {
  return b.score - a.score || (a.id < b.id ? -1 : 1);
}

export function fallbackOf({ id, address }: Host): Fallback {
  return { id, address };
}

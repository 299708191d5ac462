/** A node that leads: reports and acknowledgements, ranking, fallbacks, hand-over, probes (election rules E24 to E27, E35 to E40). */

import type { Fallback, HostRow, LeaderInfo } from "./contract.js";
import { fallbackOf, type Host, HostTable, scoreOf } from "./host-table.js";
import type { Lease } from "./lease.js";
import { type BodyOf, type Header, MAX_FALLBACKS } from "./messages.js";
import type { NodeState } from "./node-state.js";
import { type Stamp, sameStamp, stampOf } from "./stamp.js";
import type { Token } from "./token.js";

/** Pulses in a row at which another must be better (E35). */
const PULSES_BETTER = 3;
/** Addresses probed in one round (E40). */
const PROBED_AT_ONCE = 16;
/** Bytes of the leader's id in an id that it gives (E8). */
const GIVEN_PREFIX_BYTES = 24;

/** A table, and which of this run of the node it is. */
export interface Ranking {
  readonly snapshot: number;
  readonly rows: readonly HostRow[];
}

interface Transfer {
  readonly host: Host;
  readonly stamp: Stamp;
  readonly deadlineMono: number;
  /** Whether this leader stops even if the host does not answer (E39). */
  readonly resigns: boolean;
}

export class Leadership {
  readonly epoch: number;
  readonly token: Token;
  readonly info: LeaderInfo;
  readonly lease: Lease;
  readonly table: HostTable;
  readonly #node: NodeState;
  readonly #sinceMono: number;
  /** In which this lead began: it may have been renewed since (E22). */
  readonly #firstEpoch: number;
  /** The next in line, whether they are live or not, and as messages name them: both change in `#nominate` alone. */
  #fallbacks: readonly Host[] = [];
  #named: readonly Fallback[] = [];
  #better = { id: "", pulses: 0 };
  #pulseAt: number;
  #probeAt: number;
  #transfer: Transfer | undefined;
  #ranking: Ranking | undefined;

  /** @param former the same node's lead in a lower epoch, which goes on in this one (E22) */
  constructor(node: NodeState, epoch: number, lease: Lease, former?: Leadership) {
    this.#node = node;
    this.epoch = epoch;
    this.token = { epoch, id: node.id };
    this.info = { id: node.id, address: node.options.address, epoch };
    this.lease = lease;
    this.table = former?.table ?? new HostTable(node.options);
    if (former !== undefined) this.#nominate(former.#fallbacks);
    this.#firstEpoch = former === undefined ? epoch : former.#firstEpoch;
    this.#sinceMono = former === undefined ? node.now.mono : former.#sinceMono;
    this.#pulseAt = former === undefined ? node.now.mono + node.options.pulseMs : former.#pulseAt;
    this.#probeAt = node.isQuorum ? Number.POSITIVE_INFINITY : node.now.mono + node.options.probeMs;
  }

  /** The next in line that are live now (E26). */
  get fallbacks(): readonly Fallback[] {
    const { mono } = this.#node.now;
    if (this.#fallbacks.every((host) => this.table.isLive(host, mono))) return this.#named;
    return this.#fallbacks.filter((host) => this.table.isLive(host, mono)).map(fallbackOf);
  }

  #nominate(hosts: readonly Host[]): void {
    this.#fallbacks = hosts;
    this.#named = hosts.map(fallbackOf);
  }

  announce(): void {
    const { book, options, outbox } = this.#node;
    const known = book.with([...options.members.map(({ address }) => address), ...options.seeds]);
    for (const address of known) outbox.send({ address }, { type: "announce", address: options.address });
  }

  /** Who leads, and an id where there is none (E8). */
  hello({ sender, incarnation }: Pick<Header, "sender" | "incarnation">, link: number): void {
    const node = this.#node;
    const given = sender === "" ? `${cut(node.id)}.${node.incarnation}.${++node.given}` : "";
    node.redirect(link, incarnation, this.info, given);
  }

  report(header: Header, body: BodyOf<"report">, link: number): void {
    const node = this.#node;
    const { now, options, rules } = node;
    const { sender, incarnation } = header;
    const isMine = sender === node.id && incarnation !== node.incarnation;
    const host = isMine ? undefined : this.table.report(sender, incarnation, body, link, now.mono, this.#echoed(body));
    if (host === undefined) return this.#refuse(header, body, link);
    node.troubles.end("idContested", body.address, sender);
    if (host.counts || !host.isProven) this.lease.heard(now);
    if (host.counts) this.#list(host);
    const { echo } = body;
    if (echo !== undefined && echo.epoch === this.epoch && echo.stamp.mono <= now.mono && node.isQuorum) {
      if (node.memberOf(sender) !== undefined) this.lease.count(sender, rules.countedFrom(echo.stamp, now));
    }
    node.reply(link, {
      type: "ack",
      for: incarnation,
      address: options.address,
      stamp: stampOf(now),
      leaseMs: Math.ceil(options.leaseMs),
      fallbacks: this.fallbacks,
    });
  }

  /** The report of who is not counted is answered by the reason (E7, E24). */
  #refuse({ sender, incarnation }: Header, { address }: BodyOf<"report">, link: number): void {
    const node = this.#node;
    const holder = sender === node.id ? node.options.address : this.table.get(sender)?.address;
    if (holder === undefined) return node.redirect(link, incarnation, undefined, "", "tableFull");
    // Most likely its former run, which will be silent soon.
    if (holder === address && sender !== node.id) return node.redirect(link, incarnation);
    const who = sender === node.id ? "this node has that id itself" : `${holder} reports under that id`;
    const text = `reports of ${sender} from ${address} are not counted: ${who}`;
    node.troubles.tell("idContested", address, sender, text);
    node.redirect(link, incarnation, undefined, "", "idTaken");
  }

  /** When the Ack was sent that a report echoes, if that was in this lead and in the last L: what is older may be a replay (E7). */
  #echoed({ echo }: BodyOf<"report">): number | undefined {
    if (echo === undefined || echo.epoch < this.#firstEpoch || echo.epoch > this.epoch) return undefined;
    const ageMs = this.#node.now.mono - echo.stamp.mono;
    return ageMs >= 0 && ageMs < this.#node.options.leaseMs ? echo.stamp.mono : undefined;
  }

  /** A host is next in line at once where there is room: a leader may die before its first pulse (B10). */
  #list(host: Host): void {
    const index = this.#fallbacks.findIndex(({ id }) => id === host.id);
    if (index >= 0) this.#nominate(this.#fallbacks.with(index, host));
    else if (this.#fallbacks.length < MAX_FALLBACKS && this.#isEligible(host))
      this.#nominate([...this.#fallbacks, host]);
  }

  #isEligible({ id }: Host): boolean {
    return id !== this.#node.id && this.#node.mayLead(id);
  }

  /** The host that is ready to take over, if the answer is the one that is waited for (E35). */
  ready(header: Header, body: BodyOf<"ready">): Host | undefined {
    const transfer = this.#transfer;
    const { incarnation } = this.#node;
    if (transfer === undefined || body.for !== incarnation || !sameStamp(body.stamp, transfer.stamp)) return undefined;
    if (header.sender !== transfer.host.id || header.incarnation !== transfer.host.incarnation) return undefined;
    this.#transfer = undefined;
    return transfer.host;
  }

  /** Asks the host named, or the first fallback, to take over (E39). False where there is nobody to ask. */
  resign(to: string | undefined): boolean {
    const { mono } = this.#node.now;
    const named = to === undefined ? this.#fallbacks.find((host) => this.table.isLive(host, mono)) : this.table.get(to);
    if (named === undefined || !this.table.isLive(named, mono) || !this.#isEligible(named)) return false;
    this.#prepare(named, true);
    return true;
  }

  #prepare(host: Host, resigns: boolean): void {
    const { now, options } = this.#node;
    const stamp = stampOf(now);
    this.#transfer = { host, stamp, deadlineMono: now.mono + options.voteMs, resigns };
    this.#node.reply(host.link, { type: "prepare", for: host.incarnation, stamp });
  }

  /** What is due. True where this leader resigned and nobody answered: it stops all the same. */
  advance(): boolean {
    const { mono } = this.#node.now;
    if (this.#transfer !== undefined && mono >= this.#transfer.deadlineMono) {
      const { resigns } = this.#transfer;
      this.#transfer = undefined;
      if (resigns) return true;
    }
    if (mono >= this.#pulseAt) {
      this.#pulseAt = mono + this.#node.options.pulseMs;
      this.#pulse();
    }
    if (mono >= this.#probeAt) {
      this.#probeAt = mono + this.#node.options.probeMs;
      this.#probeMissing();
    }
    return false;
  }

  /** The moment after the lease's end: at the end itself, a rounding of the clock might still call it running. */
  nextDeadline(): number {
    const transferEnds = this.#transfer?.deadlineMono ?? Number.POSITIVE_INFINITY;
    return Math.min(this.lease.endMono + 0.001, this.#pulseAt, this.#probeAt, transferEnds);
  }

  #pulse(): void {
    const node = this.#node;
    const { mono } = node.now;
    const self = this.#self();
    const ranked = this.table.rank(mono);
    const { rows } = this.#show(ranked, self);
    const eligible = ranked.filter((host) => this.#isEligible(host));
    const best = eligible[0];
    const wasListed = best !== undefined && this.#fallbacks.some(({ id }) => id === best.id);
    this.#nominate(eligible.slice(0, MAX_FALLBACKS));
    for (const host of this.table.all()) if (!this.table.isLive(host, mono)) node.book.add(host.address);
    node.outbox.emit({ type: "hosts", rows });
    const isBetter =
      best !== undefined && best.score > self.score && best.score >= node.options.handOverRatio * self.score;
    if (!isBetter || !wasListed) this.#better = { id: "", pulses: 0 };
    else if (this.#better.id === best.id) this.#better = { id: best.id, pulses: this.#better.pulses + 1 };
    else this.#better = { id: best.id, pulses: 1 };
    if (best === undefined || this.#better.pulses < PULSES_BETTER || this.#transfer !== undefined) return;
    if (mono - this.#sinceMono < node.options.tenureMs) return;
    this.#better = { id: "", pulses: 0 };
    this.#prepare(best, false);
  }

  /** The leader as a row of its own table. */
  #self(): Host {
    const { id, incarnation, options, ownLoads, now } = this.#node;
    const { hostName, address, ui } = options;
    const score = scoreOf(options.score, ownLoads.average);
    return {
      id,
      incarnation,
      hostName,
      address,
      ui,
      link: 0,
      heardMono: now.mono,
      echoedMono: now.mono,
      isProven: true,
      claimedMono: now.mono,
      counts: true,
      loads: ownLoads,
      score,
    };
  }

  /** The table as it would be ranked now. */
  rows(): readonly HostRow[] {
    const { mono } = this.#node.now;
    return this.table.rows(mono, this.table.rank(mono), this.#self());
  }

  /** The table of the last pulse; before the first, one that is made when it is first asked for. */
  get ranking(): Ranking {
    return this.#ranking ?? this.#show(this.table.rank(this.#node.now.mono), this.#self());
  }

  #show(ranked: readonly Host[], self: Host): Ranking {
    const node = this.#node;
    this.#ranking = { snapshot: ++node.rankings, rows: this.table.rows(node.now.mono, ranked, self) };
    return this.#ranking;
  }

  #probeMissing(): void {
    const { book, options, now } = this.#node;
    const missing = new Set(book.with(options.seeds));
    for (const host of this.table.all()) if (this.table.isLive(host, now.mono)) missing.delete(host.address);
    for (const address of book.turn([...missing], PROBED_AT_ONCE)) this.probe(address);
  }

  probe(address: string): void {
    this.#node.outbox.ask(address, { type: "probe", address: this.#node.options.address });
  }
}

/** The characters of a text that fit. */
function cut(text: string): string {
  const encoder = new TextEncoder();
  let kept = "";
  for (const character of text) {
    if (encoder.encode(kept + character).length > GIVEN_PREFIX_BYTES) break;
    kept += character;
  }
  return kept;
}

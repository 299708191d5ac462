/** What a person's tool asks of a node, and is told (election rules E62 to E65). */

import { rowLength } from "./codec.js";
import type { ClusterView, HostRow } from "./contract.js";
import type { Following } from "./following.js";
import type { Lead } from "./lead.js";
import type { BodyOf, Message } from "./messages.js";
import { type NodeState, named } from "./node-state.js";

/** As much as 4 bytes hold besides 'no end'. */
const MAX_REMAINING_MS = 2 ** 32 - 2;
/** The number of rows in one View is a byte. */
const MAX_ROWS = 255;

/** All of a view but the table, which costs more. */
export type Status = Omit<ClusterView, "hosts">;

export class Operator {
  readonly #node: NodeState;
  readonly #following: Following;
  readonly #lead: Lead;

  constructor(node: NodeState, following: Following, lead: Lead) {
    this.#node = node;
    this.#following = following;
    this.#lead = lead;
  }

  get status(): Status {
    const { role, id, incarnation, options, promised, now } = this.#node;
    const { leadership } = this.#lead;
    const leads = leadership?.lease.runs(now) === true;
    const ends = leadership === undefined ? promised.untilMono : leadership.lease.endMono;
    return {
      id,
      address: options.address,
      incarnation,
      mode: options.mode,
      role,
      epoch: promised.epoch,
      leader: leads ? leadership.info : this.#following.leader,
      fallbacks: leadership?.fallbacks ?? this.#following.fallbacks,
      leaseMs: options.leaseMs,
      leaseRemainingMs: Math.max(0, ends - now.mono),
    };
  }

  /** Whether the message was of a tool's kind; answers it. What was promised to anybody is not touched by it. */
  serves({ header, body }: Message, link: number): boolean {
    if (body.type === "view") return true;
    if (body.type !== "watch" && body.type !== "retire") return false;
    if (body.type === "retire") this.#retire(body);
    const first = body.type === "watch" ? body.first : 0;
    this.#node.reply(link, this.#view(header.incarnation, first));
    return true;
  }

  #retire({ for: incarnation, epoch, to }: BodyOf<"retire">): void {
    if (incarnation !== this.#node.incarnation || epoch !== this.#lead.leadership?.epoch) return;
    this.#lead.resign(to === "" ? undefined : to);
  }

  /** The rows of the last ranking from `first` on, as many as fit. */
  #view(incarnation: string, first: number): BodyOf<"view"> {
    const { mode, role, address, leader, leaseMs, leaseRemainingMs, fallbacks } = this.status;
    const ranking = this.#lead.leadership?.ranking;
    const rows = ranking?.rows ?? [];
    const view: BodyOf<"view"> = {
      type: "view",
      for: incarnation,
      mode,
      role,
      address,
      ...named(leader),
      leaseMs: Math.ceil(leaseMs),
      leaseRemainingMs: whole(leaseRemainingMs),
      fallbacks,
      snapshot: ranking?.snapshot ?? 0,
      total: rows.length,
      first,
      rows: [],
    };
    return { ...view, rows: rowsThatFit(rows, first, this.#node.outbox.room(view)) };
  }
}

function rowsThatFit(rows: readonly HostRow[], first: number, room: number): readonly HostRow[] {
  let end = first;
  let left = room;
  for (const limit = Math.min(rows.length, first + MAX_ROWS); end < limit; end++) {
    left -= rowLength(rows[end] as HostRow);
    if (left < 0) break;
  }
  return rows.slice(first, end);
}

function whole(ms: number): number {
  return ms === Number.POSITIVE_INFINITY ? ms : Math.min(Math.floor(ms), MAX_REMAINING_MS);
}

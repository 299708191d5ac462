/** What a person's tool is told about a node (election rules E62 to E64). */

import { rowLength } from "./codec.js";
import type { ClusterView, HostRow } from "./contract.js";
import type { Ranking } from "./leadership.js";
import type { BodyOf } from "./messages.js";
import { type NodeState, named } from "./node-state.js";

/** As much as 4 bytes hold besides 'no end'. */
const MAX_REMAINING_MS = 2 ** 32 - 2;
/** The number of rows in one View is a byte. */
const MAX_ROWS = 255;

/**
 * Answers with a View: the rows of the last ranking from `first` on, as many as fit.
 * @param incarnation of the tool that asked
 */
export function answerWithView(
  node: NodeState,
  status: Omit<ClusterView, "hosts">,
  ranking: Ranking | undefined,
  first: number,
  incarnation: string,
  link: number,
): void {
  const rows = ranking?.rows ?? [];
  const view: BodyOf<"view"> = {
    type: "view",
    for: incarnation,
    mode: status.mode,
    role: status.role,
    address: status.address,
    ...named(status.leader),
    leaseMs: Math.ceil(status.leaseMs),
    leaseRemainingMs: remaining(status.leaseRemainingMs),
    fallbacks: status.fallbacks,
    snapshot: ranking?.snapshot ?? 0,
    total: rows.length,
    first,
    rows: [],
  };
  node.reply(link, { ...view, rows: rowsThatFit(rows, first, node.outbox.room(view)) });
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

function remaining(ms: number): number {
  return ms === Number.POSITIVE_INFINITY ? ms : Math.min(Math.floor(ms), MAX_REMAINING_MS);
}

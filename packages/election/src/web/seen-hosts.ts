/**
 * The rows of the page. A leader's table has who reports to it; a former leader that died never did, nor has a new leader
 * heard everybody at once. So the page remembers who was there, and says what has become of them.
 */

import type { HostRow } from "../core/index.js";
import type { Term } from "../core/leadership-history.js";
import type { ShownState, ShownTable } from "./state.js";

/** `silent`: nothing was heard for now, and it is too early to say. */
export type HostStatus = "connected" | "disconnected" | "silent";

export interface SeenHost {
  readonly id: string;
  readonly rank: number | undefined;
  readonly medal: HostRow["medal"];
  readonly status: HostStatus;
  /** `leader`, `fallback 1`, or nothing. */
  readonly duty: string | undefined;
  /** Undefined of a former leader of which only the name is known. */
  readonly row: HostRow | undefined;
  /** Of a table whose leader is followed no more: how it was then. */
  readonly isLastKnown: boolean;
}

interface Missing {
  readonly row: HostRow;
  /** Since when no table has it. */
  readonly since: number;
}

export interface SeenHosts {
  readonly table: ShownTable | undefined;
  /** When the table was true last, by the clock of this page. */
  readonly asOf: number;
  /** Who stood in an earlier table, by id. */
  readonly missing: ReadonlyMap<string, Missing>;
}

export const NO_HOSTS: SeenHosts = { table: undefined, asOf: 0, missing: new Map() };

/** Who lives reports to a new leader at once, or an interval of reports later. */
const GRACE_LEASES = 0.5;
/** Who stands in no table is forgotten after ten minutes, as a leader does, and beyond so many. */
const FORGET_MS = 600_000;
const MAX_MISSING = 200;

export function seeTable({ table: former, missing }: SeenHosts, table: ShownTable, at: number): SeenHosts {
  const present = new Set(table.rows.map(({ id }) => id));
  const left = new Map([...missing].filter(([id, { since }]) => !present.has(id) && at - since < FORGET_MS));
  // With rows left out, whoever is not among them is just not shown.
  if (former !== undefined && table.total <= table.rows.length) {
    for (const row of former.rows) {
      if (!present.has(row.id) && !left.has(row.id)) left.set(row.id, { row, since: at });
    }
  }
  return { table, asOf: at, missing: new Map([...left].slice(-MAX_MISSING)) };
}

/** A node says how old its table is; what the page has may be a newer one of another node. */
export function dateTable(seen: SeenHosts, { source }: ShownState, at: number): SeenHosts {
  if (source === undefined || !isSame(seen.table, source)) return seen;
  return { ...seen, asOf: at - source.ageMs };
}

/** Whether the table is that of the leader that is followed. */
export function isCurrent({ table }: SeenHosts, { leader }: ShownState): boolean {
  return leader !== undefined && isSame(table, { by: leader.id, epoch: leader.epoch });
}

function isSame(table: ShownTable | undefined, { by, epoch }: Pick<ShownTable, "by" | "epoch">): boolean {
  return table?.by === by && table.epoch === epoch;
}

/** The ranked rows first, then those that are gone. */
export function shownHosts(seen: SeenHosts, state: ShownState, terms: readonly Term[], at: number): SeenHost[] {
  const duties = new Map(state.fallbacks.map(({ id }, index) => [id, `fallback ${index + 1}`]));
  if (state.leader !== undefined) duties.set(state.leader.id, "leader");
  const isOld = !isCurrent(seen, state);
  const lastEnd = new Map(terms.map((term) => [term.id, term]));
  const present = (seen.table?.rows ?? []).map((row): SeenHost => {
    const status = row.isLeader ? leaderStatus(row, state, lastEnd.get(row.id)) : row.status;
    const isGone = status === "disconnected";
    return {
      id: row.id,
      rank: isGone ? undefined : row.rank,
      medal: isGone ? undefined : row.medal,
      status,
      duty: duties.get(row.id),
      row,
      isLastKnown: isOld && !isGone,
    };
  });
  const absent = [...seen.missing].map(([id, { row, since }]): SeenHost => {
    const isDead = endedAbruptly(lastEnd.get(id)) || at - since > GRACE_LEASES * state.lease.leaseMs;
    const status = isDead ? "disconnected" : "silent";
    return { id, rank: undefined, medal: undefined, status, duty: duties.get(id), row, isLastKnown: false };
  });
  const known = new Set([...present, ...absent].map(({ id }) => id));
  const isWhole = seen.table !== undefined && seen.table.total <= seen.table.rows.length;
  const former = [...lastEnd.values()].filter((term) => isWhole && !known.has(term.id) && isRecent(term, at));
  return [
    ...present.filter(({ status }) => status !== "disconnected"),
    ...present.filter(({ status }) => status === "disconnected"),
    ...absent,
    ...former.map(
      ({ id }): SeenHost => ({
        id,
        rank: undefined,
        medal: undefined,
        status: "disconnected",
        duty: duties.get(id),
        row: undefined,
        isLastKnown: false,
      }),
    ),
  ];
}

/** The table's own author: it is gone as soon as it is followed no more, and silent while it does not answer. */
function leaderStatus({ id }: HostRow, { leader, node, source }: ShownState, end: Term | undefined): HostStatus {
  if (leader?.id !== id && id === node.id) return "connected";
  if (leader?.id !== id) return leader === undefined || endedAbruptly(end) ? "disconnected" : "silent";
  return source?.problem === undefined ? "connected" : "silent";
}

function endedAbruptly(term: Term | undefined): boolean {
  return term?.why === "unheard" || term?.why === "stopped";
}

function isRecent({ until }: Term, at: number): boolean {
  return until !== undefined && at - until < FORGET_MS;
}

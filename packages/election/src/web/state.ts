/** What a node tells the page of its dashboard: JSON in server-sent events named `state`, `table` and `history`. */

import type { Device, Fallback, HostRow, LeaderInfo, Role } from "../core/index.js";
import type { LeadershipHistory } from "../core/leadership-history.js";

/** The small part, sent once a second and at every change. What is undefined is left out of the JSON. */
export interface ShownState {
  /** The node's wall clock when it said so, ms since 1970. */
  readonly at: number;
  readonly cluster: string;
  readonly mode: "available" | "quorum";
  readonly node: {
    readonly id: string;
    readonly address: string;
    readonly url: string;
    readonly role: Role;
    readonly epoch: number;
    readonly warnings: readonly string[];
    /** In quarantine: how long it is silent yet. */
    readonly quarantineMs?: number | undefined;
  };
  readonly leader?: LeaderInfo | undefined;
  readonly fallbacks: readonly Fallback[];
  readonly lease: {
    /** The leader's own lease where it answers; else this node's promise to it. */
    readonly of: "leader" | "node";
    readonly leaseMs: number;
    /** Null: without end, for a leader without hosts. */
    readonly remainingMs: number | null;
  };
  /** Whose table it is. */
  readonly source?: TableSource | undefined;
  /** Where the leader does not answer this node: since when it was not heard, and why. */
  readonly silence?: { readonly forMs: number; readonly why: string } | undefined;
  /** The dashboards of the cluster that this node knows of. */
  readonly pages: readonly DashboardPage[];
}

export interface TableSource {
  readonly by: string;
  readonly epoch: number;
  /** Since its leader said so. */
  readonly ageMs: number;
  /** Why there is no newer one. */
  readonly problem?: string | undefined;
}

export interface DashboardPage {
  readonly id: string;
  readonly url: string;
}

/** The hosts as a leader ranked them, sent when they change. */
export interface ShownTable {
  readonly by: string;
  readonly epoch: number;
  /** All hosts, whether or not they are among the rows. */
  readonly total: number;
  readonly connected: number;
  readonly rows: readonly HostRow[];
}

export interface ShownHistory {
  readonly history: LeadershipHistory;
  readonly device?: Device | undefined;
}

/** What `GET /state` answers. */
export interface Shown {
  readonly state: ShownState;
  readonly table?: ShownTable | undefined;
  readonly history: ShownHistory;
}

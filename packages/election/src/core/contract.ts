/** What the machine is told and may ask for, and the interface that every engine has (docs/election.md). */

import type { Load } from "./load.js";
import type { Token } from "./token.js";

/** What must outlast a restart: the promised epoch and its holder, and the id that was given. */
export interface Stored {
  readonly epoch: number;
  readonly holder: string;
  readonly id: string;
}

export type ElectionInput =
  /** Always the first; the node listens already. */
  | { readonly type: "start" }
  /** The payload of a frame. `address`: where the connection leads, if we made it. */
  | { readonly type: "message"; readonly link: number; readonly address?: string; readonly payload: Uint8Array }
  /** `nextDeadline()` has come. */
  | { readonly type: "tick" }
  /** The driver saw that a clock was set, or that the machine slept. */
  | { readonly type: "clockJump" }
  /** What this node's own load is. A RangeError is thrown for one that no message can say. */
  | { readonly type: "load"; readonly load: Load }
  /** The application wants another leader; `to` names a host. Nothing happens where this node does not lead. */
  | { readonly type: "resign"; readonly to?: string }
  | { readonly type: "stored"; readonly id: number }
  | { readonly type: "storeFailed"; readonly id: number; readonly message: string }
  /** A connection to this address was refused: nobody listens there. */
  | { readonly type: "peerRefused"; readonly address: string }
  | { readonly type: "linkClosed"; readonly link: number }
  /** The application wants no more. */
  | { readonly type: "stop" };

/** Where a message goes: back on a connection, or to where a node listens. */
export type Target = { readonly link: number } | { readonly address: string };

/** Why a leader leads no more. */
export type StepDownReason =
  /** The lease ran out: too few hosts were heard (E11). */
  | "lease"
  /** Somebody leads with a higher token. */
  | "superseded"
  /** It leads on, in a new epoch (E22): `elected` follows. */
  | "renewed"
  /** It handed over, or resigned (E36, E39). */
  | "handedOver"
  | "stopped";

export type ElectionOutput =
  | { readonly type: "send"; readonly to: Target; readonly payload: Uint8Array }
  /** Drop the connection that is kept to this address; the next send makes another. */
  | { readonly type: "renew"; readonly address: string }
  /** The peer broke the protocol. */
  | { readonly type: "close"; readonly link: number; readonly why: string }
  /** Write and sync, in the order of asking, then say `stored` or `storeFailed`. */
  | { readonly type: "store"; readonly id: number; readonly state: Stored }
  | { readonly type: "elected"; readonly token: Token }
  | { readonly type: "stepDown"; readonly token: Token; readonly why: StepDownReason }
  | { readonly type: "leader"; readonly leader: LeaderInfo | undefined }
  | { readonly type: "hosts"; readonly rows: readonly HostRow[] }
  /** For people's logs alone: once per address and kind, until that has changed. `address` is the other node's. */
  | { readonly type: "trouble"; readonly kind: TroubleKind; readonly address: string; readonly text: string };

/** What keeps a host from being counted (E7, E24). */
export type TroubleKind =
  /** The leader at `address` takes no report from this node, since another reports under its id. */
  | "idTaken"
  /** The leader at `address` takes no report from this node, since it keeps no more hosts. */
  | "tableFull"
  /** This node leads, and does not count the reports from `address`, since another reports under that id, or it is its own. */
  | "idContested";

/** Whom a node follows. */
export interface LeaderInfo {
  readonly id: string;
  readonly address: string;
  readonly epoch: number;
}

/** A host that is next in line. */
export interface Fallback {
  readonly id: string;
  readonly address: string;
}

/** A row of the leader's table (E27). */
export interface HostRow {
  /** From 1; undefined where the host is not live. */
  readonly rank: number | undefined;
  readonly id: string;
  readonly hostName: string;
  readonly address: string;
  /** Where its dashboard is, if it has one. */
  readonly ui: string | undefined;
  /** The average of the last four reports. */
  readonly load: Load;
  readonly score: number;
  readonly status: "connected" | "disconnected";
  readonly medal: "gold" | "silver" | "bronze" | undefined;
  readonly isLeader: boolean;
}

export type Role =
  | "quarantine"
  | "leaderless"
  | "follower"
  | "prevote"
  | "candidate"
  | "leader"
  | "released"
  | "stopped";

export type Mode = "available" | "quorum";

/** What a node tells a person's tool about itself and, where it leads, about its hosts (E62 to E66). */
export interface ClusterView {
  /** Empty where it has not been given one yet (E8). */
  readonly id: string;
  /** What others dial. */
  readonly address: string;
  /** 16 hexadecimal digits, drawn when the node started. */
  readonly incarnation: string;
  readonly mode: Mode;
  readonly role: Role;
  /** The highest epoch that it promised (`ElectionView`), or has stored (from afar); of a leader, the one in which it leads. */
  readonly epoch: number;
  readonly leader: LeaderInfo | undefined;
  readonly fallbacks: readonly Fallback[];
  /** L of this node. */
  readonly leaseMs: number;
  /** Of the leader: until its lease ends; of others: until their promise does; 0 where it has. Infinity: a leader without hosts. */
  readonly leaseRemainingMs: number;
  /** Of a leader alone. */
  readonly hosts: readonly HostRow[];
}

/** What may be shown of a node by its own process. Made anew at each call, and never changed afterwards. */
export interface ElectionView extends ClusterView {
  /** Payloads that were no message of this cluster. */
  readonly malformed: number;
  /** In quarantine: how long it is silent yet (E19). */
  readonly quarantineMs?: number;
  /** The lead that was offered to this node last, by a leader that had stopped, and that it tried to take over (E36). */
  readonly offeredBy?: Token;
}

/** The events of an `Elector`. */
export interface ElectorEvents {
  elected: (token: Token) => void;
  stepDown: (token: Token, why: StepDownReason) => void;
  leader: (leader: LeaderInfo | undefined) => void;
  hosts: (rows: readonly HostRow[]) => void;
}

/** What an application uses, the same for every engine. */
export interface Elector {
  start(): Promise<void>;
  /** Steps down, closes everything, and leaves nothing behind. */
  stop(): Promise<void>;
  /** Gives the lead away, to the host named or to the next in line. Nothing happens where this node does not lead. */
  resign(to?: string): void;
  on<Name extends keyof ElectorEvents>(event: Name, listener: ElectorEvents[Name]): this;
  /** Computed at each call, never remembered. */
  isLeader(): boolean;
  /** The fencing token, exactly while `isLeader()`. */
  token(): Token | undefined;
  leader(): LeaderInfo | undefined;
}

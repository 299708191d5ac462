/** What the server machine is told and may ask for (docs/machine.md, docs/broadcast.md). */

import type { LeaveReason } from "./messages.js";

export type Durability = "memory" | "written" | "fsync";

/** Connections are numbers that the driver chooses and does not use twice. */
export type ServerInput =
  | { readonly type: "opened"; readonly connection: number }
  /** What one read brought. The machine keeps no view of it beyond the call. */
  | { readonly type: "data"; readonly connection: number; readonly bytes: Uint8Array }
  /** More than the high-water mark waits to be sent (B18) ... */
  | { readonly type: "full"; readonly connection: number }
  /** ... and now all that was performed until then has been taken. */
  | { readonly type: "drained"; readonly connection: number }
  /** The connection is gone, or its peer ended it. Nothing more comes of it. */
  | { readonly type: "closed"; readonly connection: number }
  | { readonly type: "tick" }
  /** What `open` asked for (B27). */
  | { readonly type: "roomOpened"; readonly room: string; readonly recovered: Recovered }
  /** Rooms of the durable log: the effect is done, or failed: nothing of it may be counted on, nothing behind it is done. Id 0: the room could not be opened. */
  | { readonly type: "stored"; readonly room: string; readonly id: number }
  | { readonly type: "storeFailed"; readonly room: string; readonly id: number; readonly message: string }
  /** What a `read` asked for: segments that together begin at or before its `from`, in order, without a hole. */
  | {
      readonly type: "segments";
      readonly room: string;
      readonly id: number;
      readonly segments: readonly StoredSegment[];
    }
  | { readonly type: "snapshot"; readonly room: string; readonly id: number; readonly snapshot?: Snapshot }
  /** Gateways. */
  | { readonly type: "shared"; readonly room: string; readonly id: number; readonly answer: SharedAnswer }
  | { readonly type: "sharedFailed"; readonly room: string; readonly id: number; readonly message: string }
  | {
      readonly type: "sharedEntries";
      readonly room: string;
      readonly first: number;
      readonly entries: readonly SharedEntry[];
    }
  /** The shared log can not be read any more, or is another: the room is opened anew (B40). */
  | { readonly type: "sharedLost"; readonly room: string; readonly message: string }
  | { readonly type: "shutdown" };

export type ServerOutput =
  /** The same bytes may be sent to many connections; nobody changes them afterwards. */
  | { readonly type: "send"; readonly connection: number; readonly bytes: Uint8Array }
  /** The same to each of these, in this order: what a batch is sent by. */
  | { readonly type: "sendAll"; readonly connections: readonly number[]; readonly bytes: Uint8Array }
  /** End the connection once what was sent has gone, and drop it `lingerMs` later at the latest. No `closed` is awaited. */
  | { readonly type: "close"; readonly connection: number; readonly why: string }
  /** Stop and start reading from it. */
  | { readonly type: "pause"; readonly connection: number }
  | { readonly type: "resume"; readonly connection: number }
  /** Durable log: bring what is stored of the room, then `roomOpened`, or `storeFailed` with the id 0. Asked when every write of the room before is done, or one of them failed. */
  | { readonly type: "open"; readonly room: string }
  /** Durable log: in the order of asking, per room, then `stored` or `storeFailed`; several may be one write. */
  /** Synced to the disk whatever the durability: a mark of a clean close that comes back after it was taken away would hide a loss. */
  | { readonly type: "storeMeta"; readonly room: string; readonly id: number; readonly meta: StoredMeta }
  | { readonly type: "storeSegment"; readonly room: string; readonly id: number; readonly segment: StoredSegment }
  /** One atomic write: the checkpoint, and all segments that end at or before `upTo` deleted. */
  | {
      readonly type: "trim";
      readonly room: string;
      readonly id: number;
      readonly upTo: number;
      readonly checkpoint: Uint8Array;
    }
  /** Durable log: segments from the one that holds `from` on, about `maxBytes` of them, at least one. */
  | {
      readonly type: "read";
      readonly room: string;
      readonly id: number;
      readonly from: number;
      readonly maxBytes: number;
    }
  /** Ask the application for a snapshot (B31). */
  | { readonly type: "takeSnapshot"; readonly room: string; readonly id: number }
  /** Gateways: ask the shared log, in the order of asking per client id; then `shared` or `sharedFailed`. */
  | { readonly type: "share"; readonly room: string; readonly id: number; readonly request: SharedRequest }
  /** Gateways: the room is not needed here any more: stop reading it. */
  | { readonly type: "unshare"; readonly room: string }
  /** For the application's events and metrics alone. */
  | { readonly type: "event"; readonly event: ServerEvent };

export type ServerEvent =
  | {
      readonly type: "joined";
      readonly room: string;
      readonly member: number;
      readonly name: string;
      readonly number: number;
    }
  | {
      readonly type: "left";
      readonly room: string;
      readonly member: number;
      readonly name: string;
      readonly number: number;
      readonly reason: LeaveReason;
    }
  /** All up to it are acknowledged by every connected member (B21). */
  | { readonly type: "stable"; readonly room: string; readonly upTo: number }
  | {
      readonly type: "committed";
      readonly room: string;
      readonly first: number;
      readonly count: number;
      readonly bytes: number;
    }
  | { readonly type: "lagging"; readonly room: string; readonly connection: number; readonly behind: number }
  | { readonly type: "live"; readonly room: string; readonly connection: number }
  | {
      readonly type: "gap";
      readonly room: string;
      readonly connection: number;
      readonly from: number;
      readonly to: number;
    }
  /** The epoch that a room begins or goes on with; of a shared log, one in which there is nothing yet begins. */
  | {
      readonly type: "epoch";
      readonly room: string;
      readonly epoch: number;
      readonly goesOn: boolean;
      readonly head: number;
    }
  /** A connection was closed by this server; `code` is that of its CLOSE. */
  | { readonly type: "closed"; readonly connection: number; readonly code: string; readonly why: string }
  /** A store, a read or the shared log failed. */
  | { readonly type: "trouble"; readonly room: string; readonly message: string };

/** What a durable log keeps for the next start, beside segments and checkpoint. */
export interface StoredMeta {
  readonly epoch: number;
  /** The epoch before, and the number with which it ended in what was recovered (B26); 0 and 0 where there is none. */
  readonly previousEpoch: number;
  readonly previousHead: number;
  /** The first number of this epoch. */
  readonly epochStart: number;
  readonly durability: Durability;
  /** Names the boot of the machine. */
  readonly boot: string;
  /** The log was closed after everything in it was committed, and is not written to. */
  readonly clean: boolean;
  /** Member numbers that were given so far: none of them is given again. */
  readonly lastMember: number;
}

/** A run of entries as they stand in a BATCH, and what its joins say of their sessions. */
export interface StoredSegment {
  readonly first: number;
  readonly count: number;
  /** The entries, as behind the count of a BATCH. */
  readonly entries: Uint8Array;
  /** Of the joins in it: `clientId`, `token`, `member`, `name`, encoded by the core; empty where there are none. */
  readonly sessions: Uint8Array;
}

/** Everything that a durable log has of a room. */
export interface Recovered {
  /** Undefined: the room is new. */
  readonly meta?: StoredMeta;
  readonly checkpoint?: Uint8Array;
  /** In the order of their numbers, those behind the checkpoint; read up to the first that is torn or damaged. */
  readonly segments: readonly StoredSegment[];
  /** Something behind the last of them could not be read. */
  readonly damaged: boolean;
  /** Names the boot of the machine now. */
  readonly boot: string;
}

export interface Snapshot {
  readonly upTo: number;
  readonly bytes: Uint8Array;
}

// Gateways (B38 to B40): what is asked of an engine, and what it answers. Ids and tokens are 32 hexadecimal digits.

export type SharedRequest =
  /** Opens the room there, creating it with this epoch where it does not exist, and starts to give `sharedEntries` from `head` + 1 on. */
  | { readonly op: "open"; readonly freshEpoch: number }
  /**
   * Finds or makes the session, makes this gateway its owner, and appends a join where it is not joined (B8, B9). A join that was
   * appended comes by `sharedEntries` as well.
   */
  | {
      readonly op: "attach";
      readonly clientId: string;
      /** Empty: none. */
      readonly token: string;
      /** For a session that is made. */
      readonly freshToken: string;
      readonly name: string;
      /** Tells the owning connection from others of the same session: drawn anew for every connection. */
      readonly owner: string;
    }
  /**
   * Appends, in one step and in order, those that are next: payload i has client seq `firstClientSeq` + i. What the log has
   * already is skipped; nothing is appended where the first is above last + 1, or where `owner` is not the session's.
   */
  | {
      readonly op: "publish";
      readonly clientId: string;
      readonly owner: string;
      readonly member: number;
      readonly firstClientSeq: number;
      readonly entries: readonly { readonly kind: "message" | "marker"; readonly bytes: Uint8Array }[];
    }
  /** Appends a leave, if `owner` is still the session's and it is joined. */
  | { readonly op: "leave"; readonly clientId: string; readonly owner: string; readonly reason: LeaveReason }
  /** Says that the sessions of these owners are connected; and leaves those whose gateway said nothing for `graceMs`. */
  | { readonly op: "renew"; readonly owners: readonly string[]; readonly graceMs: number }
  /** Entries from `from` on, as many as fit `maxBytes`, at least one. */
  | { readonly op: "read"; readonly from: number; readonly maxBytes: number };

export type SharedAnswer =
  | {
      readonly op: "open";
      readonly epoch: number;
      readonly head: number;
      readonly firstRetained: number;
      /** The first number of this epoch; default 1. */
      readonly epochStart?: number;
      /** The epoch before, and the number with which it ended in what the engine still had (B26); 0 and 0 where there is none. */
      readonly previousEpoch?: number;
      readonly previousHead?: number;
      /** Who is joined at `head`. Without it a gateway knows those alone of whom it heard by an "attach" or an entry. */
      readonly members?: readonly { readonly member: number; readonly name: string }[];
    }
  | {
      readonly op: "attach";
      /** "expired": it had a token, and the session is not known: one was made. */
      readonly outcome: "resumed" | "made" | "joined again" | "expired" | "unauthorized" | "full";
      readonly token: string;
      readonly member: number;
      readonly lastClientSeq: number;
      readonly lastNumber: number;
      /** As it was in that step. */
      readonly epoch: number;
      readonly head: number;
      readonly firstRetained: number;
      readonly members: readonly { readonly member: number; readonly name: string }[];
      /** The number of the join, where one was appended; else 0. */
      readonly joinNumber: number;
    }
  | {
      readonly op: "publish";
      readonly outcome: "ok" | "bad seq" | "not owner";
      /** Of the session, now. */
      readonly lastClientSeq: number;
      readonly lastNumber: number;
    }
  | { readonly op: "leave" }
  /** `lost`: of the owners that were named, those that own their session no more (B39). */
  | { readonly op: "renew"; readonly lost: readonly string[] }
  | {
      readonly op: "read";
      readonly firstRetained: number;
      readonly head: number;
      readonly first: number;
      readonly entries: readonly SharedEntry[];
    };

/** An entry of a shared log. */
export interface SharedEntry {
  readonly kind: "message" | "join" | "leave" | "marker";
  readonly member: number;
  readonly clientSeq: number;
  readonly bytes: Uint8Array;
}

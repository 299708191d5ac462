/** The messages of the wire (docs/broadcast.md B1, B2). Ids, tokens and macs are bytes; numbers are safe integers. */

export const PROTOCOL_VERSION = 1;

export type Start = "live" | "all" | "from" | "snapshot";
export const STARTS: readonly Start[] = ["live", "all", "from", "snapshot"];

export type Status = "resumed" | "fresh" | "gap" | "new epoch" | "expired";
export const STATUSES: readonly Status[] = ["resumed", "fresh", "gap", "new epoch", "expired"];

export type EntryKind = "message" | "join" | "leave" | "marker";
export const ENTRY_KINDS: readonly EntryKind[] = ["message", "join", "leave", "marker"];

export type PublishCode = "ok" | "too big";
export const PUBLISH_CODES: readonly PublishCode[] = ["ok", "too big"];

export type GapReason = "retention" | "slow" | "epoch";
export const GAP_REASONS: readonly GapReason[] = ["retention", "slow", "epoch"];

export type LeaveReason = "left" | "timed out";
export const LEAVE_REASONS: readonly LeaveReason[] = ["left", "timed out"];

export type CloseCode =
  | "SLOW"
  | "TOO_BIG"
  | "BAD_SEQ"
  | "TAKEN_OVER"
  | "SHUTDOWN"
  | "UNAUTHORIZED"
  | "BAD_MESSAGE"
  | "FULL"
  | "LEAVE"
  | "IDLE"
  | "UNAVAILABLE";
export const CLOSE_CODES: readonly CloseCode[] = [
  "SLOW",
  "TOO_BIG",
  "BAD_SEQ",
  "TAKEN_OVER",
  "SHUTDOWN",
  "UNAUTHORIZED",
  "BAD_MESSAGE",
  "FULL",
  "LEAVE",
  "IDLE",
  "UNAVAILABLE",
];

/** Who is joined. */
export interface Member {
  readonly member: number;
  readonly name: string;
}

export interface Hello {
  readonly type: "hello";
  readonly observer: boolean;
  readonly stable: boolean;
  /** 16 bytes; zero of an observer. */
  readonly clientId: Uint8Array;
  /** 16 bytes; zero: none. */
  readonly token: Uint8Array;
  readonly room: string;
  readonly name: string;
  /** 0: none. */
  readonly epoch: number;
  /** The last number that was delivered; 0: none. */
  readonly last: number;
  readonly start: Start;
  /** 0 unless `start` is "from". */
  readonly from: number;
  readonly window: number;
}

export interface Welcome {
  readonly type: "welcome";
  readonly status: Status;
  readonly epoch: number;
  readonly token: Uint8Array;
  /** 0: an observer. */
  readonly member: number;
  readonly head: number;
  readonly firstRetained: number;
  readonly resumeFrom: number;
  readonly lastClientSeq: number;
  /** The number of `lastClientSeq` in the log; 0 where there is none. */
  readonly lastNumber: number;
  readonly ackEvery: number;
  readonly ackAfterMs: number;
  readonly heartbeatMs: number;
  readonly maxMessageBytes: number;
  readonly publishWindow: number;
  readonly members: readonly Member[];
}

export interface Publish {
  readonly type: "publish";
  readonly firstClientSeq: number;
  /** Views of what was decoded. */
  readonly payloads: readonly Uint8Array[];
}

export interface Puback {
  readonly type: "puback";
  readonly clientSeq: number;
  readonly number: number;
  readonly code: PublishCode;
}

/** What has a number in the log. */
export interface Entry {
  readonly kind: EntryKind;
  readonly member: number;
  /** 0 of joins and leaves. */
  readonly clientSeq: number;
  readonly bytes: Uint8Array;
}

export interface Batch {
  readonly type: "batch";
  readonly first: number;
  /** The number of `entries[i]` is `first + i`. Their bytes are views of what was decoded. */
  readonly entries: readonly Entry[];
}

export interface Ack {
  readonly type: "ack";
  readonly last: number;
  readonly window: number;
}

export interface Gap {
  readonly type: "gap";
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
}

export interface SnapshotChunk {
  readonly type: "snapshot";
  readonly upTo: number;
  readonly chunk: number;
  readonly isLast: boolean;
  readonly bytes: Uint8Array;
}

export interface Ping {
  readonly type: "ping" | "pong";
  readonly nonce: number;
}

export interface Close {
  readonly type: "close";
  readonly code: CloseCode;
  readonly text: string;
}

export interface Challenge {
  readonly type: "challenge";
  /** 32 bytes. */
  readonly nonce: Uint8Array;
}

export interface Auth {
  readonly type: "auth";
  /** 32 bytes. */
  readonly mac: Uint8Array;
}

export interface Stable {
  readonly type: "stable";
  readonly upTo: number;
}

export type Message =
  | Hello
  | Welcome
  | Publish
  | Puback
  | Batch
  | Ack
  | Gap
  | SnapshotChunk
  | Ping
  | Close
  | Challenge
  | Auth
  | Stable;

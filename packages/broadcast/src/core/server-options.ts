/** The options of the server machine, their defaults and accepted ranges (docs/broadcast.md). */

import type { Durability } from "./server-contract.js";

/** What a room does with a member that is too slow (B19). */
export type OnSlow = "disconnect" | "skip" | "snapshot" | "block";

export interface ServerMachineOptions {
  /** Where entries are kept; default "memory". */
  readonly log?: "memory" | "durable" | "shared";
  /** Of a durable log (B25); default "written". */
  readonly durability?: Durability;
  /** 16 bytes or more; without it nobody is asked (B6). */
  readonly secret?: Uint8Array;
  /** The rooms that there may be; default: any. */
  readonly rooms?: readonly string[];
  /** Whether the application has snapshots to give (B31); default false. */
  readonly snapshots?: boolean;
  /** Default "disconnect". */
  readonly onSlow?: OnSlow;
  readonly maxFrameBytes?: number;
  readonly maxMessageBytes?: number;
  readonly publishWindow?: number;
  readonly maxCommitBytes?: number;
  /** Messages per second and member. */
  readonly maxPublishRate?: number;
  readonly historyMessages?: number;
  readonly historyBytes?: number;
  readonly maxLagMessages?: number;
  readonly maxLagBytes?: number;
  readonly maxLagMs?: number;
  readonly ackEvery?: number;
  readonly ackAfterMs?: number;
  readonly graceMs?: number;
  readonly maxSessions?: number;
  readonly sessionTtlMs?: number;
  readonly maxConnections?: number;
  readonly maxRooms?: number;
  readonly maxMembers?: number;
  readonly heartbeatMs?: number;
  readonly helloMs?: number;
  /** Gateways: how long the shared log may be out of reach (B40). */
  readonly engineMs?: number;
}

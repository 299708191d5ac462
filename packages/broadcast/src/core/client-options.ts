/** The options of the client machine, their defaults and accepted ranges (docs/broadcast.md). */

import type { Start } from "./messages.js";

export interface ClientMachineOptions {
  readonly room: string;
  /** May be empty of an observer alone. */
  readonly name: string;
  readonly observer?: boolean;
  /** Asks for STABLE (B21); default false. */
  readonly stable?: boolean;
  /** Of the first connection without a position; default "live". */
  readonly start?: Start;
  /** With `start: "from"`, at least 1. */
  readonly from?: number;
  /** Unacknowledged entries at most (B20); default 16,384. */
  readonly window?: number;
  /** Default true (B36). */
  readonly echo?: boolean;
  /** What becomes of publishes of unknown outcome (B34); default "report". */
  readonly onUnknown?: "report" | "resend";
  readonly secret?: Uint8Array;
  readonly backoffMs?: number;
  readonly maxBackoffMs?: number;
  /** Connections that may fail one after another; default Infinity. */
  readonly maxAttempts?: number;
  readonly maxQueuedBytes?: number;
  readonly maxUnsentMessages?: number;
  readonly maxUnsentBytes?: number;
  /** Entries behind from which on a lag is told; default 1,000. */
  readonly lagNotice?: number;
}

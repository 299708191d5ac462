/** What the client machine is told and may ask for (docs/machine.md, docs/broadcast.md). */

import type { MessageRun } from "./message-run.js";
import type { EntryKind, GapReason, LeaveReason, Member } from "./messages.js";

export type ClientInput =
  /**
   * Always the first. `position`: what `loadPosition` gave (B37). `unasked`: nobody takes what comes yet, and no entry counts for
   * the window (B35) until `asked`; default false.
   */
  | { readonly type: "start"; readonly position?: Position; readonly unasked?: boolean }
  /** The application begins to take what comes. */
  | { readonly type: "asked" }
  /** The connection that the machine asked for stands ... */
  | { readonly type: "connected"; readonly attempt: number }
  /** ... or could not be made, or is gone. `why` is for people. */
  | { readonly type: "disconnected"; readonly attempt: number; readonly why: string }
  /** What is delivered are views of it: it is not written to afterwards. */
  | { readonly type: "data"; readonly attempt: number; readonly bytes: Uint8Array }
  /** More than its high-water mark waits to be sent, and: all of it has been taken. Publishes wait meanwhile. */
  | { readonly type: "full"; readonly attempt: number }
  | { readonly type: "drained"; readonly attempt: number }
  /** `id` is the caller's, and comes back in `published` or `publishFailed`. */
  | { readonly type: "publish"; readonly id: number; readonly bytes: Uint8Array }
  /** The same as so many `publish`, one after another: payload i has the id `firstId` + i. Goes out in as few frames as may be. */
  | { readonly type: "publishAll"; readonly firstId: number; readonly payloads: readonly Uint8Array[] }
  /**
   * The application has handled everything up to this number, and `savePosition` is done. Told in the order of what was
   * delivered, the last of one epoch before any of the next.
   */
  | { readonly type: "handled"; readonly upTo: number }
  | { readonly type: "tick" }
  /** Say LEAVE after what was published is acknowledged, or `waitMs` later at the latest, and end; without `leave`: just end. */
  | { readonly type: "close"; readonly leave: boolean; readonly waitMs: number };

export type ClientOutput =
  | { readonly type: "connect"; readonly attempt: number }
  | { readonly type: "send"; readonly attempt: number; readonly bytes: Uint8Array }
  /** End it once what was sent has gone; no `disconnected` is awaited. */
  | { readonly type: "disconnect"; readonly attempt: number; readonly why: string }
  /** Far too much waits for the application, since the server does not keep to the window: stop and start reading (B35). */
  | { readonly type: "pause"; readonly attempt: number }
  | { readonly type: "resume"; readonly attempt: number }
  /** In the order of their numbers, each once. */
  /** `runs`: the same entries, where all are messages; who takes them from there has none made before its time. */
  | { readonly type: "deliver"; readonly entries: readonly Delivered[]; readonly runs?: readonly MessageRun[] }
  /** In their place between entries (B30). */
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "published"; readonly id: number; readonly number: number }
  | {
      readonly type: "publishFailed";
      readonly id: number;
      readonly code: "TOO_BIG" | "UNKNOWN_OUTCOME" | "NUMBER_LOST" | "LEFT" | "OBSERVER";
    }
  /** `publish()` must wait, or may go on (B35). */
  | { readonly type: "hold" }
  | { readonly type: "unhold" }
  /** The last output: the room is left (no code), or the client gave up (B33). */
  | { readonly type: "ended"; readonly code?: string; readonly message?: string };

/** An entry as the application gets it. Its bytes are its own. */
export interface Delivered {
  readonly number: number;
  readonly kind: EntryKind;
  readonly member: number;
  /** Of the sender; empty where it is not known. */
  readonly name: string;
  readonly clientSeq: number;
  readonly bytes: Uint8Array;
  /** Published by this client. */
  readonly own: boolean;
  /** The handler is not called for it (B36; joins, leaves and markers where the application does not ask for them). */
  readonly silent: boolean;
  /** It was there before this client: not above the head of its first WELCOME, in the epoch of that (B36). */
  readonly past: boolean;
}

export type Notice =
  | {
      readonly type: "welcome";
      readonly status: string;
      readonly member: number;
      readonly resumeFrom: number;
      readonly head: number;
    }
  | { readonly type: "gap"; readonly from: number; readonly to: number; readonly reason: GapReason }
  /** From here on numbers are of another epoch; `from` is the first that will come. */
  | { readonly type: "epoch"; readonly previous: number; readonly epoch: number; readonly from: number }
  | { readonly type: "snapshot"; readonly upTo: number; readonly bytes: Uint8Array }
  | {
      readonly type: "membership";
      readonly change: "join" | "leave";
      readonly member: Member;
      readonly number: number;
      readonly reason?: LeaveReason;
    }
  /** The session had been evicted: client seqs begin anew. */
  | { readonly type: "expired" }
  | { readonly type: "stable"; readonly upTo: number }
  /** An ACK was sent, for people who look at the order. */
  | { readonly type: "acknowledged"; readonly upTo: number }
  /** `behind` entries are known of and not handled. Said when it passes `lagNotice`, and when it is 0 again. */
  | { readonly type: "lag"; readonly behind: number }
  | { readonly type: "disconnected"; readonly why: string; readonly retryInMs: number };

/** Where an application stands; all of it is needed to go on after a crash (B37). */
export interface Position {
  /** 32 hexadecimal digits each. */
  readonly clientId: string;
  readonly token: string;
  readonly epoch: number;
  readonly last: number;
}

/** Where the client machine stands, for its driver and for people. */
export interface ClientView {
  readonly phase: "new" | "waiting" | "connecting" | "opening" | "open" | "ended";
  readonly attempt: number;
  /** 32 hexadecimal digits each: what a position has beside epoch and last (B37). */
  readonly clientId: string;
  readonly token: string;
  /** Of what is delivered now; 0 before the first WELCOME. */
  readonly epoch: number;
  /** The own member number; 0 of an observer, and before the first WELCOME. */
  readonly member: number;
  /** Who is joined, at the head that the WELCOME named or at what was delivered behind it. */
  readonly members: readonly Member[];
  /** The highest number that is known of. */
  readonly head: number;
  readonly delivered: number;
  readonly handled: number;
  /** Delivered and not handled, each entry counted with 64 bytes more (B35). */
  readonly unhandledBytes: number;
  /** Publishes without a number, or without a PUBACK. */
  readonly publishes: number;
}

/** What the server machine knows of one connection. What is decided about it stands with those who decide. */

import { ControlRate } from "./control-rate.js";
import type { Hello, PublishCode } from "./messages.js";
import { OpeningDecoder } from "./opening-decoder.js";
import type { Room } from "./room.js";
import type { LogCursor } from "./room-log.js";
import type { Snapshot } from "./server-contract.js";
import type { ServerSession } from "./server-session.js";

/**
 * hello: its HELLO is awaited; auth: its AUTH; room: its room is being opened, or its WELCOME is on the way;
 * open: it has its WELCOME; closed: nothing more comes of it.
 */
export type ConnectionState = "hello" | "auth" | "room" | "open" | "closed";

/** Why it is not read from; bits. */
export const PAUSED_FOR_COMMIT = 1;
export const PAUSED_FOR_RATE = 2;
export const PAUSED_FOR_SLOW = 4;

/** PUBACK that waits until there is room. */
export interface WaitingPuback {
  clientSeq: number;
  number: number;
  code: PublishCode;
}

/** A snapshot that is being sent: the chunks from `at` on are not yet. */
export interface OutgoingSnapshot {
  readonly snapshot: Snapshot;
  at: number;
  chunk: number;
}

/** Numbers that it was told are lost to it: they need no room in its window. */
export interface Skipped {
  readonly from: number;
  to: number;
}

export class Connection {
  readonly id: number;
  readonly decoder: OpeningDecoder;
  state: ConnectionState = "hello";
  /** What it said of itself; its payload until AUTH. */
  hello: Hello | undefined;
  helloPayload: Uint8Array | undefined;
  nonce: Uint8Array | undefined;

  readonly openedAt: number;
  lastHeard: number;
  lastSent: number;
  /** Why it is paused; 0: it is read from. */
  paused = 0;

  room: Room | undefined;
  /** None of an observer. */
  session: ServerSession | undefined;
  observer = false;
  wantsStable = false;
  /** It was told that all up to it is stable, or begins behind it (B21). */
  stableTold = 0;

  /** Too much waits to be sent: nothing is written. */
  full = false;
  /** What answers a PING and what PUBACKs wait until there is room; the second are at most a publish window. */
  waitingPong: number | undefined;
  readonly waitingPubacks: WaitingPuback[] = [];
  waitingStable = false;

  /** Live: it was sent all up to the head, and its cursor counts for nothing. */
  live = false;
  /** Since its WELCOME it has not been live. */
  catchingUp = true;
  /** The next that it is to be sent, while it is not live. */
  readonly cursor: LogCursor = { number: 0, position: 0 };
  /** The application was told that it lags. */
  toldLagging = false;
  /** When it began to lag, or was last sent anything since. */
  laggingSince = 0;
  /** What counts for its window: what it resumed behind, or acknowledged (B20). */
  acked = 0;
  /** What it said that it handled, or begins behind: this alone counts as stable (B21). */
  confirmed = 0;
  window = 1;
  readonly skipped: Skipped[] = [];
  /** It was found too slow while it was full; what follows is done when it has drained. */
  tooSlow = false;
  /** It waits for a snapshot of its room, behind a GAP or before its WELCOME; what came for the second. */
  awaitsSnapshot = false;
  firstSnapshot: Snapshot | undefined;
  /** It is said WELCOME once this number is committed. */
  welcomeAt = 0;
  /** Its session was made for it; the join that was appended for it, or 0. */
  sessionMade = false;
  joinNumber = 0;
  snapshot: OutgoingSnapshot | undefined;

  /** All of its publishes up to it were answered by a PUBACK that was sent. */
  pubackedSeq = 0;
  /** Messages that it may publish, as of `tokensAt`; below 0 it is paused. */
  tokens: number;
  tokensAt: number;
  /** Of what it says that brings nothing new (B24). */
  readonly control: ControlRate;

  constructor(id: number, now: number, maxFrameBytes: number, tokens: number, maxControlRate: number) {
    this.id = id;
    this.decoder = new OpeningDecoder(maxFrameBytes, () => this.state !== "open");
    this.openedAt = now;
    this.lastHeard = now;
    this.lastSent = now;
    this.tokens = tokens;
    this.tokensAt = now;
    this.control = new ControlRate(maxControlRate, now);
  }

  /** How many more entries its window allows behind number `sent`. */
  windowLeft(sent: number): number {
    let unacked = sent - this.acked;
    for (const { from, to } of this.skipped) unacked -= to - Math.max(from, this.acked + 1) + 1;
    return this.window - unacked;
  }
}

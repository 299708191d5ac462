/** Who is live, who lags, and what each is sent of the log (docs/broadcast.md B12, B18 to B20, B31). */

import type { Connection } from "./connection.js";
import { tellGap } from "./gaps.js";
import { LagBounds, TRIMMED } from "./lag-bounds.js";
import { LiveMembers } from "./live-members.js";
import type { RoomLog } from "./room-log.js";
import type { ServerContext } from "./server-context.js";
import type { Snapshot } from "./server-contract.js";
import { sendChunk } from "./snapshot-chunks.js";

/** Pieces of 64 KiB that a connection is sent at most in one turn: the driver must have a chance to say that it is full. */
const PIECES_PER_TURN = 4;

export interface FanOutPort {
  readonly name: string;
  /** What the log in memory does not hold any more can be read elsewhere. */
  readonly hasOlder: boolean;
  /** Reads there, and answers by `older`; once at a time for each connection. */
  fetchOlder(connection: Connection, now: number): void;
  wantSnapshot(connection: Connection, now: number): void;
}

/** Entries that were read elsewhere. */
export interface OlderEntries {
  /** One BATCH of those from this number on, at most so many; undefined: there are none. */
  frame(from: number, maxEntries: number): { readonly frame: Uint8Array; readonly count: number } | undefined;
}

export class FanOut {
  readonly #context: ServerContext;
  readonly #port: FanOutPort;
  readonly #log: RoomLog;
  readonly #bounds: LagBounds;
  readonly #live = new LiveMembers();
  readonly #lagging = new Set<Connection>();
  /** They could be sent more, had this turn not sent them enough. */
  readonly #hungry = new Set<Connection>();

  constructor(context: ServerContext, port: FanOutPort, log: RoomLog) {
    this.#context = context;
    this.#port = port;
    this.#log = log;
    this.#bounds = new LagBounds(context.settings, log, port.hasOlder);
  }

  get liveCount(): number {
    return this.#live.size;
  }

  get laggingCount(): number {
    return this.#lagging.size;
  }

  /** How many entries the one that is furthest behind misses. */
  get mostBehind(): number {
    let most = 0;
    for (const { cursor } of this.#lagging) most = Math.max(most, this.#log.head + 1 - cursor.number);
    return most;
  }

  /** When it was last written to. */
  lastSent(connection: Connection): number {
    return connection.live ? Math.max(connection.lastSent, this.#live.lastSentAt) : connection.lastSent;
  }

  /** The highest number that it was sent, or told is lost to it. */
  sentUpTo(connection: Connection): number {
    return connection.live ? this.#log.head : connection.cursor.number - 1;
  }

  /** It has its WELCOME, and wants the snapshot, if any, and what is from `next` on, which is held here or elsewhere. */
  add(connection: Connection, next: number, snapshot: Snapshot | undefined, now: number): void {
    const { cursor } = connection;
    if (next >= this.#log.first) this.#log.seek(cursor, next);
    else this.#log.before(cursor, next);
    connection.acked = next - 1;
    connection.laggingSince = now;
    if (snapshot !== undefined) connection.snapshot = { snapshot, at: 0, chunk: 0 };
    this.#lagging.add(connection);
    this.pump(connection, now);
    if (connection.live || connection.state === "closed") return;
    this.#tellLagging(connection);
    this.#context.out.wake(now + this.#context.settings.maxLagMs);
  }

  remove(connection: Connection): void {
    this.#live.delete(connection);
    this.#lagging.delete(connection);
    this.#hungry.delete(connection);
  }

  /** Appends entries that are committed, sends them to all who are live, and looks after the others. */
  commit(count: number, frame: Uint8Array, entriesAt: number, now: number): void {
    const log = this.#log;
    for (const connection of this.#live.beyondWindow(log.head, count)) this.#lag(connection, now);
    log.append(count, frame, entriesAt);
    this.#live.send(this.#context.out, frame, now);
    for (const connection of this.#lagging) {
      this.#checkLag(connection, now);
      // What its window still allows of a batch that is above it.
      if (!connection.full && connection.windowLeft(connection.cursor.number - 1) > 0) this.pump(connection, now);
    }
  }

  /** Nothing more is written to it until it has drained. */
  full(connection: Connection, now: number): void {
    connection.full = true;
    this.#hungry.delete(connection);
    if (connection.live) this.#lag(connection, now);
  }

  drained(connection: Connection, now: number): void {
    connection.full = false;
    this.pump(connection, now);
  }

  /** What it acknowledged or its window changed. */
  acknowledged(connection: Connection, now: number): void {
    const { skipped, acked } = connection;
    while (skipped.length > 0 && (skipped[0] as { to: number }).to <= acked) skipped.shift();
    if (connection.live) {
      this.#live.windowChanged(connection, this.#log.head);
    } else {
      this.pump(connection, now);
    }
  }

  tick(now: number): void {
    const hungry = [...this.#hungry];
    this.#hungry.clear();
    for (const connection of hungry) this.pump(connection, now);
    const { out, settings } = this.#context;
    for (const connection of this.#lagging) {
      this.#checkLag(connection, now);
      if (!connection.live && !connection.tooSlow && settings.onSlow !== "block") {
        const due = connection.laggingSince + settings.maxLagMs;
        out.wake(due > now ? due : now + settings.maxLagMs);
      }
    }
  }

  /** Whether somebody is so far behind that publishers must wait (`block`, B19). */
  isNearBound(connection: Connection, now: number): boolean {
    return this.#bounds.isNear(connection, now);
  }

  nobodyNearBound(now: number): boolean {
    let nobody = true;
    for (const connection of this.#lagging) {
      if (this.#bounds.isNear(connection, now)) nobody = false;
      else this.#context.out.wake(Math.max(now + 1, this.#bounds.nearAt(connection)));
    }
    return nobody;
  }

  /** The snapshot that it waited for; without one that is of use, it is skipped (B19). */
  takeSnapshot(connection: Connection, snapshot: Snapshot | undefined, now: number): void {
    connection.awaitsSnapshot = false;
    const { cursor } = connection;
    if (snapshot === undefined || !this.isUseful(snapshot) || snapshot.upTo < cursor.number - 1) {
      this.#skip(connection, now);
      return;
    }
    if (!this.#tellGap(connection, snapshot.upTo, now)) return;
    connection.snapshot = { snapshot, at: 0, chunk: 0 };
    this.#log.seek(cursor, snapshot.upTo + 1);
    this.pump(connection, now);
  }

  /** Whether what follows it is held. */
  isUseful({ upTo }: Snapshot, firstRetained: number = this.#log.first): boolean {
    return Number.isSafeInteger(upTo) && upTo >= firstRetained - 1 && upTo <= this.#log.head;
  }

  /**
   * What `fetchOlder` found: the numbers up to `firstRetained` are lost (B40), and these are the entries from there, or from the cursor, on. False: it
   * was of no use.
   */
  older(connection: Connection, firstRetained: number, some: OlderEntries, now: number): boolean {
    if (connection.full || connection.live || connection.state !== "open") return true;
    const { cursor } = connection;
    const before = cursor.number;
    if (firstRetained > before) {
      const to = Math.min(firstRetained - 1, this.#log.head);
      if (!this.#tellGap(connection, to, now, "retention")) return true;
      this.#log.before(cursor, to + 1);
    }
    // The other log may be ahead of this one: what is above the head here comes with it.
    const left = Math.min(connection.windowLeft(cursor.number - 1), this.#log.head + 1 - cursor.number);
    const taken = left > 0 && cursor.number < this.#log.first ? some.frame(cursor.number, left) : undefined;
    if (taken !== undefined) {
      this.#context.out.send(connection.id, taken.frame);
      cursor.number += taken.count;
      connection.laggingSince = now;
      connection.lastSent = now;
    }
    if (cursor.number >= this.#log.first) this.#log.seek(cursor, cursor.number);
    const isUseful = cursor.number > before || left <= 0;
    // Not at once where it was of no use: it would be asked for again as fast as it is answered.
    if (isUseful) this.pump(connection, now);
    return isUseful;
  }

  /** Sends what it misses and may have. */
  pump(connection: Connection, now: number): void {
    if (connection.full || connection.live || connection.state !== "open") return;
    if (connection.tooSlow) this.#resolveSlow(connection, now);
    const { cursor } = connection;
    for (let pieces = PIECES_PER_TURN; pieces > 0; pieces--) {
      if (connection.live || connection.awaitsSnapshot || this.#isClosed(connection)) return;
      if (connection.snapshot !== undefined) {
        sendChunk(this.#context.out, connection);
      } else if (cursor.number > this.#log.head) {
        this.#goLive(connection);
        return;
      } else {
        const left = connection.windowLeft(cursor.number - 1);
        if (left <= 0) return;
        if (cursor.number < this.#log.first) {
          if (this.#port.hasOlder) this.#port.fetchOlder(connection, now);
          else this.#tooSlow(connection, TRIMMED, now);
          return;
        }
        this.#context.out.send(connection.id, this.#log.read(cursor, left));
      }
      connection.laggingSince = now;
      connection.lastSent = now;
    }
    if (cursor.number > this.#log.head && connection.snapshot === undefined) {
      this.#goLive(connection);
      return;
    }
    this.#hungry.add(connection);
    this.#context.out.wake(now);
  }

  #lag(connection: Connection, now: number): void {
    this.#live.delete(connection);
    this.#lagging.add(connection);
    connection.live = false;
    connection.lastSent = Math.max(connection.lastSent, this.#live.lastSentAt);
    connection.laggingSince = now;
    this.#log.toEnd(connection.cursor);
    this.#tellLagging(connection);
    this.#context.out.wake(now + this.#context.settings.maxLagMs);
  }

  #goLive(connection: Connection): void {
    this.#lagging.delete(connection);
    this.#live.add(connection, this.#log.head);
    connection.live = true;
    connection.catchingUp = false;
    if (!connection.toldLagging) return;
    connection.toldLagging = false;
    this.#context.out.event({ type: "live", room: this.#port.name, connection: connection.id });
  }

  #tellLagging(connection: Connection): void {
    connection.toldLagging = true;
    const behind = this.#log.head + 1 - connection.cursor.number;
    this.#context.out.event({ type: "lagging", room: this.#port.name, connection: connection.id, behind });
  }

  #checkLag(connection: Connection, now: number): void {
    if (connection.tooSlow || connection.awaitsSnapshot) return;
    const why = this.#bounds.whyTooSlow(connection, now);
    if (why !== undefined) this.#tooSlow(connection, why, now);
  }

  #tooSlow(connection: Connection, why: string, now: number): void {
    const { onSlow } = this.#context.settings;
    if (onSlow === "disconnect" || onSlow === "block" || connection.snapshot !== undefined) {
      this.#context.hangUp(connection, "SLOW", why, now);
      return;
    }
    connection.tooSlow = true;
    if (!connection.full) this.#resolveSlow(connection, now);
  }

  #resolveSlow(connection: Connection, now: number): void {
    connection.tooSlow = false;
    const { onSlow, snapshots } = this.#context.settings;
    if (onSlow === "snapshot" && snapshots && connection.cursor.number <= this.#log.head) {
      connection.awaitsSnapshot = true;
      this.#port.wantSnapshot(connection, now);
    } else {
      this.#skip(connection, now);
    }
  }

  #skip(connection: Connection, now: number): void {
    if (!this.#tellGap(connection, this.#log.head, now)) return;
    this.#log.toEnd(connection.cursor);
    if (connection.full) connection.laggingSince = now;
    else this.#goLive(connection);
  }

  /** False: that was one gap too many, and the connection is closed. */
  #tellGap(connection: Connection, to: number, now: number, reason: "slow" | "retention" = "slow"): boolean {
    return tellGap(this.#context, this.#port.name, connection, { to, reason }, now);
  }

  #isClosed({ state }: Connection): boolean {
    return state === "closed";
  }
}

/** A room: one log in one order, and who reads it. How entries come into the log is for what extends it. */

import { BATCH_HEADER_BYTES } from "./batch.js";
import type { Connection } from "./connection.js";
import { FanOut, type FanOutPort } from "./fan-out.js";
import type { Hello, Member, PublishCode } from "./messages.js";
import type { PublishWalker } from "./publish-frame.js";
import { Publishers } from "./publishers.js";
import { type LogFacts, resume } from "./resume.js";
import { RoomLog } from "./room-log.js";
import type { ServerContext } from "./server-context.js";
import type { Snapshot } from "./server-contract.js";
import type { RoomView } from "./server-view.js";
import { Snapshots } from "./snapshots.js";
import { Stability } from "./stability.js";

export type RoomEpoch = Pick<LogFacts, "epoch" | "previousEpoch" | "previousHead" | "epochStart">;

/** What a WELCOME says beside where the client goes on. */
export interface WelcomeFacts {
  readonly head: number;
  readonly firstRetained: number;
  readonly members: readonly Member[];
  readonly token: Uint8Array;
  readonly member: number;
  readonly lastClientSeq: number;
  readonly lastNumber: number;
  /** The session was made for this connection. */
  readonly made: boolean;
  readonly liveFrom: number;
}

const NO_TOKEN = new Uint8Array(16);

export abstract class Room implements FanOutPort {
  readonly name: string;
  protected readonly context: ServerContext;
  readonly connections: Set<Connection> = new Set();
  /** Undefined until the room is open. */
  protected life: { readonly epoch: RoomEpoch; readonly log: RoomLog; readonly fanOut: FanOut } | undefined;
  protected readonly stability: Stability;
  readonly snapshots: Snapshots;
  /** Those who wait for the room to be open. */
  readonly #early = new Set<Connection>();
  readonly #publishers: Publishers;
  /** Whether publishers may go on, or must stop, is to be looked at (B19, `block`). */
  #isSlowDue = false;

  constructor(name: string, context: ServerContext) {
    this.name = name;
    this.context = context;
    this.stability = new Stability(context, name, this.connections);
    this.snapshots = new Snapshots(context, name);
    this.#publishers = new Publishers(context);
  }

  /** Finds or makes the session of a HELLO that may enter, and says WELCOME as soon as it can. */
  protected abstract admit(connection: Connection, hello: Hello, now: number): void;
  /** What `admit` still waits for may have come. */
  protected abstract welcomeIfReady(connection: Connection, now: number): void;
  abstract publish(connection: Connection, walker: PublishWalker, now: number): void;
  /** It said LEAVE; it is closed behind this. */
  abstract leave(connection: Connection, now: number): void;
  /** The end of what one input brought. */
  abstract endTurn(now: number): void;
  abstract readonly hasOlder: boolean;
  abstract fetchOlder(connection: Connection, now: number): void;
  protected abstract get pendingBytes(): number;
  /** Whether its place may be given to another room (B23). */
  abstract get isIdle(): boolean;
  /** The room is not needed here any more, or can not go on. */
  abstract end(): void;
  /** The server closes. */
  abstract shutdown(now: number): void;

  enter(connection: Connection, now: number): void {
    connection.room = this;
    connection.state = "room";
    this.connections.add(connection);
    if (this.life === undefined) this.#early.add(connection);
    else this.admit(connection, connection.hello as Hello, now);
  }

  /** The connection is gone. */
  exit(connection: Connection, now: number): void {
    this.connections.delete(connection);
    this.#early.delete(connection);
    this.#publishers.remove(connection);
    this.snapshots.forget(connection);
    this.life?.fanOut.remove(connection);
    connection.live = false;
    this.stability.left(connection, now);
    this.#checkSlow(now);
  }

  ack(connection: Connection, last: number, window: number, now: number): void {
    const { fanOut } = this.#open();
    if (last > fanOut.sentUpTo(connection)) {
      const text = `an ACK of ${last}, but ${fanOut.sentUpTo(connection)} was sent`;
      this.context.hangUp(connection, "BAD_MESSAGE", text, now);
      return;
    }
    const before = connection.confirmed;
    // A lower one changes nothing but the window: acknowledgements never go back (B20).
    if (last > connection.acked) connection.acked = last;
    connection.window = window;
    fanOut.acknowledged(connection, now);
    if (last > before) connection.confirmed = last;
    this.stability.acknowledged(connection, before, now);
    // Of all ACKs that a read brought once: it is a look at everybody who lags.
    this.#isSlowDue = true;
  }

  /** One input of a connection was taken, `endTurn` included. */
  settle(now: number): void {
    if (!this.#isSlowDue) return;
    this.#isSlowDue = false;
    this.#checkSlow(now);
  }

  full(connection: Connection, now: number): void {
    this.life?.fanOut.full(connection, now);
  }

  drained(connection: Connection, now: number): void {
    if (connection.state !== "open") return;
    const { out } = this.context;
    for (const puback of connection.waitingPubacks) {
      connection.pubackedSeq = Math.max(connection.pubackedSeq, puback.clientSeq);
      out.say(connection.id, { type: "puback", ...puback });
    }
    connection.waitingPubacks.length = 0;
    this.stability.drained(connection);
    this.#open().fanOut.drained(connection, now);
    this.#checkSlow(now);
  }

  lastSent(connection: Connection): number {
    return this.life?.fanOut.lastSent(connection) ?? connection.lastSent;
  }

  tick(now: number): void {
    this.life?.fanOut.tick(now);
    this.stability.tick(now);
    this.snapshots.tick(now, this);
    this.#checkSlow(now);
    this.#publishers.tick(now);
  }

  wantSnapshot(connection: Connection, now: number): void {
    this.snapshots.want(connection, now);
  }

  /** What the application gave, for those who waited for it. */
  snapshotTaken(snapshot: Snapshot | undefined, waiting: readonly Connection[], now: number): void {
    const { fanOut } = this.#open();
    for (const connection of waiting) {
      if (connection.state === "open") {
        fanOut.takeSnapshot(connection, snapshot, now);
      } else if (connection.state === "room") {
        connection.awaitsSnapshot = false;
        connection.firstSnapshot = snapshot;
        this.welcomeIfReady(connection, now);
      }
    }
  }

  view(): RoomView {
    const { life } = this;
    return {
      room: this.name,
      open: life !== undefined,
      epoch: life?.epoch.epoch ?? 0,
      head: life?.log.head ?? 0,
      firstRetained: life?.log.first ?? 0,
      historyBytes: life?.log.bytes ?? 0,
      connections: this.connections.size,
      live: life?.fanOut.liveCount ?? 0,
      lagging: life?.fanOut.laggingCount ?? 0,
      mostBehind: life?.fanOut.mostBehind ?? 0,
      stable: this.stability.upTo,
      pendingBytes: this.pendingBytes,
      members: 0,
      sessions: 0,
    };
  }

  /** A log that goes on behind `head`. */
  protected newLog(head: number): RoomLog {
    const { historyMessages, historyBytes } = this.context.settings;
    return new RoomLog(head, historyMessages, historyBytes);
  }

  /** The room is open: who waited for it is admitted. */
  protected begin(epoch: RoomEpoch, log: RoomLog, goesOn: boolean, now: number): void {
    this.life = { epoch, log, fanOut: new FanOut(this.context, this, log) };
    this.context.out.event({ type: "epoch", room: this.name, epoch: epoch.epoch, goesOn, head: log.head });
    const early = [...this.#early];
    this.#early.clear();
    for (const connection of early) {
      if (connection.state === "room") this.admit(connection, connection.hello as Hello, now);
    }
  }

  /** Asks for the snapshot that a fresh client begins with, where there are any. */
  protected wantFirstSnapshot(connection: Connection, hello: Hello, now: number): void {
    if (hello.epoch !== 0 || hello.start !== "snapshot" || !this.context.settings.snapshots) return;
    connection.awaitsSnapshot = true;
    this.snapshots.want(connection, now);
  }

  protected welcome(connection: Connection, facts: WelcomeFacts, now: number): void {
    const { epoch, fanOut } = this.#open();
    const { settings, out } = this.context;
    const hello = connection.hello as Hello;
    const { head, firstRetained } = facts;
    const given = connection.firstSnapshot;
    connection.firstSnapshot = undefined;
    const snapshot = given !== undefined && fanOut.isUseful(given, firstRetained) ? given : undefined;
    const { status, from, gapFrom } = resume(
      hello,
      { ...epoch, head, firstRetained },
      facts.made,
      facts.liveFrom,
      snapshot?.upTo,
    );
    connection.state = "open";
    connection.hello = undefined;
    connection.window = hello.window;
    connection.wantsStable = hello.stable;
    // What it has, its application may not have handled: its first ACK says what it did. And another process of the session
    // may have handled more (B21).
    const goesOn = hello.epoch === epoch.epoch && hello.last <= head;
    connection.confirmed = goesOn ? Math.min(hello.last, connection.session?.confirmed ?? 0) : from - 1;
    connection.stableTold = goesOn ? 0 : from - 1;
    connection.pubackedSeq = facts.lastClientSeq;
    connection.lastSent = now;
    out.say(connection.id, {
      type: "welcome",
      status,
      epoch: epoch.epoch,
      token: facts.token,
      member: facts.member,
      head,
      firstRetained,
      resumeFrom: from,
      lastClientSeq: facts.lastClientSeq,
      lastNumber: facts.lastNumber,
      ackEvery: settings.ackEvery,
      ackAfterMs: settings.ackAfterMs,
      heartbeatMs: settings.heartbeatMs,
      maxMessageBytes: settings.maxMessageBytes,
      publishWindow: settings.publishWindow,
      members: facts.members,
    });
    if (gapFrom > 0) {
      out.say(connection.id, { type: "gap", from: gapFrom, to: from - 1, reason: "retention" });
      out.event({ type: "gap", room: this.name, connection: connection.id, from: gapFrom, to: from - 1 });
    }
    fanOut.add(connection, from, snapshot, now);
    this.stability.entered(connection, now);
    this.#checkSlow(now);
  }

  /** Of an observer. */
  protected welcomeObserver(
    connection: Connection,
    members: readonly Member[],
    firstRetained: number,
    now: number,
  ): void {
    const { log } = this.#open();
    const facts = { head: log.head, firstRetained, liveFrom: log.head + 1, members, made: false };
    this.welcome(connection, { ...facts, token: NO_TOKEN, member: 0, lastClientSeq: 0, lastNumber: 0 }, now);
  }

  /** Gives entries that are committed to everybody. */
  protected deliver(first: number, count: number, frame: Uint8Array, now: number): void {
    this.#open().fanOut.commit(count, frame, BATCH_HEADER_BYTES, now);
    const bytes = frame.length - BATCH_HEADER_BYTES;
    this.context.out.event({ type: "committed", room: this.name, first, count, bytes });
    this.#checkSlow(now);
  }

  protected puback(connection: Connection, clientSeq: number, number: number, code: PublishCode): void {
    if (connection.full) {
      connection.waitingPubacks.push({ clientSeq, number, code });
      return;
    }
    connection.pubackedSeq = Math.max(connection.pubackedSeq, clientSeq);
    this.context.out.say(connection.id, { type: "puback", clientSeq, number, code });
  }

  /** It published so many (B16). */
  protected published(connection: Connection, count: number, now: number): void {
    this.#publishers.published(connection, count, now);
  }

  /** What waits for its commit became more or less (B16). */
  protected pendingChanged(now: number): void {
    this.#publishers.pending(this.pendingBytes, now);
  }

  #checkSlow(now: number): void {
    if (this.life !== undefined) this.#publishers.checkSlow(this.life.fanOut, now);
  }

  #open(): NonNullable<Room["life"]> {
    if (this.life === undefined) throw new Error(`the room ${this.name} is not open`);
    return this.life;
  }
}

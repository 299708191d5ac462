/** A room whose log this server keeps, in memory or in a store (docs/broadcast.md B8 to B17, B22, B23). */

import { type Append, AppendWriter } from "./append.js";
import { ID_BYTES } from "./codec.js";
import type { Commits } from "./commits.js";
import type { Connection } from "./connection.js";
import { KIND } from "./entries.js";
import { isZero, toHex } from "./hex.js";
import { JoinGathering } from "./join-gathering.js";
import type { Hello, LeaveReason } from "./messages.js";
import type { PublishWalker } from "./publish-frame.js";
import { Room } from "./room.js";
import type { RoomLog } from "./room-log.js";
import type { ServerSession } from "./server-session.js";
import type { RoomView } from "./server-view.js";
import { Sessions } from "./sessions.js";

/** Above this a turn is cut into several appends: a BATCH is never longer, but for that of one long message. */
const MAX_APPEND_BYTES = 1_048_576;

export abstract class OwnRoom extends Room {
  protected sessions: Sessions = new Sessions();
  #writer = new AppendWriter(0);
  readonly #joins = new JoinGathering();
  /** Members whose WELCOME waits for a commit. */
  readonly #waiting = new Set<Connection>();
  /** The connection that sent again what is committed, in this turn. */
  #repeating: Connection | undefined;
  #connectedMembers = 0;

  protected abstract readonly commits: Commits;

  protected override get pendingBytes(): number {
    return this.commits.pendingBytes;
  }

  readonly hasOlder = false;

  fetchOlder(): void {}

  end(): void {}

  protected admit(connection: Connection, hello: Hello, now: number): void {
    if (connection.observer) {
      this.wantFirstSnapshot(connection, hello, now);
      this.welcomeIfReady(connection, now);
      return;
    }
    const { settings, platform, hangUp } = this.context;
    const known = this.sessions.find(toHex(hello.clientId));
    if (known !== undefined && !platform.equal(known.token, hello.token)) {
      hangUp(connection, "UNAUTHORIZED", "the client id is known, and this is not its token", now);
      return;
    }
    if (known?.connection !== undefined) {
      hangUp(known.connection, "TAKEN_OVER", "another connection has the session now", now);
    } else if (this.#connectedMembers >= settings.maxMembers) {
      hangUp(connection, "FULL", `${settings.maxMembers} members are connected`, now);
      return;
    }
    const session = known ?? this.#makeSession(hello, now);
    if (session === undefined) {
      hangUp(connection, "FULL", `there are ${settings.maxSessions} sessions`, now);
      return;
    }
    connection.session = session;
    connection.sessionMade = known === undefined || known.expired;
    this.sessions.attach(session, connection);
    this.#goOnAtRate(session, connection, now);
    this.#connectedMembers++;
    connection.joinNumber = 0;
    let appendBy: number | undefined;
    if (!session.joinedAppended) {
      session.joinedAppended = true;
      this.#writer.join(session);
      session.joinNumber = this.#writer.head;
      connection.joinNumber = session.joinNumber;
      appendBy = this.#joins.joined(now, this.#writer.count);
    }
    connection.welcomeAt = session.joinNumber;
    // What an earlier connection published and waits for its commit uses up client seqs: another process of the client must
    // not number its own alike (B10).
    if (session.appendedSeq > session.lastClientSeq) connection.welcomeAt = this.#writer.head;
    this.#waiting.add(connection);
    this.wantFirstSnapshot(connection, hello, now);
    // At once: what follows in the same read finds the member joined, as it would if it came later.
    if (appendBy === undefined) this.#flush(now);
    else this.context.out.wake(appendBy);
    this.welcomeIfReady(connection, now);
  }

  protected welcomeIfReady(connection: Connection, now: number): void {
    const log = this.life?.log as RoomLog;
    if (connection.state !== "room" || connection.awaitsSnapshot || log.head < connection.welcomeAt) return;
    this.#waiting.delete(connection);
    const { session } = connection;
    const members = this.sessions.members();
    if (session === undefined) {
      this.welcomeObserver(connection, members, log.first, now);
      return;
    }
    const { token, member, lastClientSeq, lastNumber } = session;
    const facts = { head: log.head, firstRetained: log.first, members, token, member, lastClientSeq, lastNumber };
    // A live start is at the own join; where that is long past, behind the head.
    const liveFrom = connection.joinNumber > 0 ? Math.max(connection.joinNumber, log.first) : log.head + 1;
    this.welcome(connection, { ...facts, made: connection.sessionMade, liveFrom }, now);
  }

  publish(connection: Connection, walker: PublishWalker, now: number): void {
    const session = connection.session as ServerSession;
    const { settings, hangUp } = this.context;
    const { firstClientSeq, count } = walker;
    const next = session.appendedSeq + 1;
    if (firstClientSeq > next) {
      hangUp(connection, "BAD_SEQ", `client seq ${firstClientSeq}, but ${next} is next`, now);
      return;
    }
    const last = firstClientSeq + count - 1;
    if (last < next) {
      if (!this.context.control(connection, now)) return;
      // Committed: acknowledged again, once for this turn. What waits for its commit is acknowledged then (B13).
      if (firstClientSeq <= session.lastClientSeq) this.#repeating = connection;
      return;
    }
    if (last - connection.pubackedSeq > settings.publishWindow) {
      hangUp(connection, "BAD_MESSAGE", `more than ${settings.publishWindow} publishes without a PUBACK`, now);
      return;
    }
    session.expired = false;
    this.published(connection, last - next + 1, now);
    const writer = this.#writer;
    writer.publishedBy(session);
    const { member } = session;
    for (let clientSeq = firstClientSeq; walker.next(); clientSeq++) {
      if (clientSeq < next) continue;
      const length = walker.end - walker.start;
      if (writer.count > 0 && writer.entriesBytes + length > MAX_APPEND_BYTES) {
        session.appendedSeq = clientSeq - 1;
        this.#flush(now);
        // That may have left it too far behind.
        if (this.#isClosed(connection)) return;
        writer.publishedBy(session);
      }
      if (length > settings.maxMessageBytes) writer.marker(member, clientSeq, "too big");
      else writer.message(member, clientSeq, walker.bytes, walker.start, walker.end);
    }
    session.appendedSeq = last;
  }

  override ack(connection: Connection, last: number, window: number, now: number): void {
    if (connection.session !== undefined) connection.session.expired = false;
    super.ack(connection, last, window, now);
  }

  leave(connection: Connection, now: number): void {
    const { session } = connection;
    if (session?.joinedAppended) this.#appendLeave(session, "left");
    this.endTurn(now);
  }

  endTurn(now: number): void {
    const appendBy = this.#joins.mayWait(this.#writer.count, now);
    if (appendBy === undefined) this.#flush(now);
    else this.context.out.wake(appendBy);
    const connection = this.#repeating;
    if (connection === undefined) return;
    this.#repeating = undefined;
    const { session } = connection;
    if (session === undefined || connection.state !== "open") return;
    const { lastClientSeq, lastNumber } = session;
    const waiting = connection.waitingPubacks[connection.waitingPubacks.length - 1];
    if (connection.pubackedSeq > lastClientSeq || (waiting?.clientSeq ?? 0) >= lastClientSeq) return;
    const log = this.life?.log as RoomLog;
    const isMarker = lastNumber >= log.first && log.kindOf(lastNumber) === KIND.marker;
    this.puback(connection, lastClientSeq, lastNumber, isMarker ? "too big" : "ok");
  }

  override tick(now: number): void {
    super.tick(now);
    const { graceMs, sessionTtlMs } = this.context.settings;
    if (this.life === undefined) return;
    for (let away = this.sessions.firstAbsent(); away !== undefined; away = this.sessions.firstAbsent()) {
      if (away.absentSince + graceMs > now) {
        this.context.out.wake(away.absentSince + graceMs);
        break;
      }
      this.#appendLeave(away, "timed out");
    }
    this.endTurn(now);
    for (let gone = this.sessions.firstGone(); gone !== undefined; gone = this.sessions.firstGone()) {
      if (gone.absentSince + sessionTtlMs > now) {
        this.context.out.wake(gone.absentSince + sessionTtlMs);
        break;
      }
      this.sessions.evict(gone);
    }
  }

  override view(): RoomView {
    return { ...super.view(), members: this.sessions.joinedCount, sessions: this.sessions.size };
  }

  protected get hasNobody(): boolean {
    return this.connections.size === 0 && this.sessions.joinedCount === 0;
  }

  shutdown(now: number): void {
    this.finishTurn(now);
  }

  /** Nothing waits any more. */
  protected finishTurn(now: number): void {
    this.#flush(now);
    this.endTurn(now);
  }

  /** Entries behind `head` are appended from now on; the time of those who are away begins. */
  protected startAppending(head: number, sessions: Sessions, now: number): void {
    this.#writer = new AppendWriter(head);
    this.sessions = sessions;
    this.context.out.wake(now);
  }

  protected append(append: Append, now: number): void {
    this.commits.append(append, now);
  }

  override exit(connection: Connection, now: number): void {
    this.#waiting.delete(connection);
    const { session } = connection;
    connection.session = undefined;
    if (session !== undefined) {
      if (connection.confirmed > session.confirmed) session.confirmed = connection.confirmed;
      session.allowance = { tokens: connection.tokens, at: connection.tokensAt };
    }
    if (session?.connection === connection) {
      this.#connectedMembers--;
      this.sessions.detach(session, now);
      const { graceMs, sessionTtlMs } = this.context.settings;
      this.context.out.wake(now + (session.joinedAppended ? graceMs : sessionTtlMs));
    }
    super.exit(connection, now);
  }

  protected commit(append: Append, now: number): void {
    const { first, count, frame, publisher, runs, changes } = append;
    const { out } = this.context;
    const last = runs[runs.length - 1];
    if (publisher !== undefined && last !== undefined) {
      publisher.lastClientSeq = last.clientSeq;
      publisher.lastNumber = last.number;
    }
    this.deliver(first, count, frame, now);
    for (const { session, number, left } of changes) {
      const { member, name } = session;
      this.sessions.setJoined(session, left === undefined, number);
      if (left === undefined) out.event({ type: "joined", room: this.name, member, name, number });
      else out.event({ type: "left", room: this.name, member, name, number, reason: left });
      if (left !== undefined) out.wake(now + this.context.settings.sessionTtlMs);
    }
    const connection = publisher?.connection;
    if (connection?.state === "open") {
      for (const { clientSeq, number, code } of runs) this.puback(connection, clientSeq, number, code);
    }
    for (const waiting of this.#waiting) this.welcomeIfReady(waiting, now);
  }

  /** Its rate is that of the member: another connection brings no other one (B16). */
  #goOnAtRate({ allowance }: ServerSession, connection: Connection, now: number): void {
    if (allowance === undefined) return;
    connection.tokens = allowance.tokens;
    connection.tokensAt = allowance.at;
    if (connection.tokens < 0) this.published(connection, 0, now);
  }

  #isClosed({ state }: Connection): boolean {
    return state === "closed";
  }

  #flush(now: number): void {
    this.#joins.appended();
    if (this.#writer.count === 0) return;
    this.append(this.#writer.finish(), now);
    this.pendingChanged(now);
  }

  #appendLeave(session: ServerSession, reason: LeaveReason): void {
    this.#writer.leave(session, reason);
    this.sessions.leaveAppended(session);
  }

  /** Undefined: there is no room for it (B23). */
  #makeSession(hello: Hello, now: number): ServerSession | undefined {
    while (this.sessions.size >= this.context.settings.maxSessions) {
      const gone = this.sessions.firstGone();
      if (gone === undefined) return undefined;
      this.sessions.evict(gone);
    }
    const session: ServerSession = {
      key: toHex(hello.clientId),
      clientId: hello.clientId,
      // A client whose session is not known keeps its token: it would not learn of another if its WELCOME were lost.
      token: isZero(hello.token) ? this.#drawToken() : hello.token,
      member: this.sessions.lastMember + 1,
      name: hello.name,
      lastClientSeq: 0,
      lastNumber: 0,
      appendedSeq: 0,
      joined: false,
      joinedAppended: false,
      expired: !isZero(hello.token),
      joinNumber: 0,
      since: 0,
      confirmed: 0,
      connection: undefined,
      absentSince: now,
    };
    this.sessions.add(session, now);
    return session;
  }

  /** Never zero: that stands for "none". */
  #drawToken(): Uint8Array {
    const token = this.context.platform.randomBytes(ID_BYTES);
    if (token.every((byte) => byte === 0)) token[0] = 1;
    return token;
  }
}

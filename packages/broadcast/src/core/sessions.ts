/** The sessions of a room: found, kept while they are away, and evicted (docs/broadcast.md B8, B9, B22, B23). */

import type { Connection } from "./connection.js";
import type { Member } from "./messages.js";
import type { ServerSession } from "./server-session.js";

export class Sessions {
  readonly #byKey = new Map<string, ServerSession>();
  readonly #byMember = new Map<number, ServerSession>();
  /** Joined, without a connection: the one that lost it first is first. */
  readonly #absent = new Set<ServerSession>();
  /** Left: the one that left first is first. */
  readonly #gone = new Set<ServerSession>();
  /** Who is joined at the head, by member number. */
  readonly #joined = new Map<number, Member>();
  #members: readonly Member[] | undefined;
  /** Member numbers up to it were given. */
  lastMember: number;

  constructor(lastMember = 0) {
    this.lastMember = lastMember;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Who is joined at the head. */
  get joinedCount(): number {
    return this.#joined.size;
  }

  [Symbol.iterator](): IterableIterator<ServerSession> {
    return this.#byKey.values();
  }

  find(key: string): ServerSession | undefined {
    return this.#byKey.get(key);
  }

  findMember(member: number): ServerSession | undefined {
    return this.#byMember.get(member);
  }

  /** The same frozen array until somebody joins or leaves: a WELCOME of a large room costs little while nobody does. */
  members(): readonly Member[] {
    this.#members ??= Object.freeze([...this.#joined.values()]);
    return this.#members;
  }

  add(session: ServerSession, now: number): void {
    this.#byKey.set(session.key, session);
    this.#byMember.set(session.member, session);
    if (session.joined) this.#setMember(session, true);
    if (session.member > this.lastMember) this.lastMember = session.member;
    session.absentSince = now;
    if (session.joinedAppended) this.#absent.add(session);
    else this.#gone.add(session);
  }

  attach(session: ServerSession, connection: Connection): void {
    session.connection = connection;
    this.#absent.delete(session);
    this.#gone.delete(session);
  }

  /** It has no connection any more. */
  detach(session: ServerSession, now: number): void {
    session.connection = undefined;
    session.absentSince = now;
    if (session.joinedAppended) this.#absent.add(session);
    else this.#gone.add(session);
  }

  /** A join or leave of it was committed. */
  setJoined(session: ServerSession, joined: boolean, number: number): void {
    if (session.joined !== joined) this.#setMember(session, joined);
    session.joined = joined;
    session.since = number;
  }

  /** A leave of it was appended: it has no connection, or none any more. */
  leaveAppended(session: ServerSession): void {
    session.joinedAppended = false;
    if (this.#absent.delete(session)) this.#gone.add(session);
  }

  #setMember({ member, name }: ServerSession, joined: boolean): void {
    if (joined) this.#joined.set(member, { member, name });
    else this.#joined.delete(member);
    this.#members = undefined;
  }

  /** The one that has been away for longest and is still joined. */
  firstAbsent(): ServerSession | undefined {
    for (const session of this.#absent) return session;
    return undefined;
  }

  /** The one that left longest ago, its leave being committed. */
  firstGone(): ServerSession | undefined {
    for (const session of this.#gone) return session.joined ? undefined : session;
    return undefined;
  }

  /** Only of one that left. */
  evict(session: ServerSession): void {
    this.#byKey.delete(session.key);
    this.#byMember.delete(session.member);
    this.#gone.delete(session);
  }
}

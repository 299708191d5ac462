/**
 * A room as the records of its stream make it: the same on every gateway that has read up to the same record. What a gateway wants
 * to append it appends behind the last record that it has read, or not at all (docs/broadcast.md B38).
 */
import type { Member } from "../../core/messages.js";
import type { SharedEntry } from "../../core/server-contract.js";
import type { LogRecord, SessionChange } from "./record.js";

export interface ReplicaSession {
  readonly id: string;
  readonly token: string;
  readonly member: number;
  readonly name: string;
  owner: string;
  gateway: string;
  /** What its owner was told when it attached: the same, where it asks again. */
  outcome: "made" | "resumed" | "joined again" | "expired";
  joinNumber: number;
  askedAt: number;
  isJoined: boolean;
  lastClientSeq: number;
  lastNumber: number;
  /** By the clock of the NATS server. */
  leftAt: number;
}

/** Where a record is in the stream, so that numbers are found again. */
export interface Mark {
  readonly seq: number;
  readonly first: number;
  /** Bytes of all entries before it. */
  readonly bytes: number;
}

export interface Bounds {
  readonly historyMessages: number;
  readonly historyBytes: number;
}

interface ReplicaState {
  epoch: number;
  epochStart: number;
  previousEpoch: number;
  previousHead: number;
  head: number;
  firstRetained: number;
  /** Bytes of all entries that there ever were. */
  bytes: number;
  lastMember: number;
}

/** The record does not follow the last one: something between is gone, or the log is another. */
export class HoleError extends Error {}

const MARKS = 64;

export class Replica {
  readonly #bounds: Bounds;
  state: ReplicaState = {
    ...{ epoch: 0, epochStart: 1, previousEpoch: 0, previousHead: 0 },
    ...{ head: 0, firstRetained: 1, bytes: 0, lastMember: 0 },
  };
  /** The last record that was applied, by its place in the stream, and its id. */
  seq = 0;
  id = "";
  marks: Mark[] = [];
  readonly sessions: Map<string, ReplicaSession> = new Map<string, ReplicaSession>();
  readonly owners: Map<string, ReplicaSession> = new Map<string, ReplicaSession>();
  readonly #members = new Map<number, ReplicaSession>();
  /** The one that left first is first. */
  readonly left: Map<string, ReplicaSession> = new Map<string, ReplicaSession>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** @param timeMs when NATS took it @throws HoleError */
  apply(record: LogRecord, seq: number, timeMs: number): void {
    const { state } = this;
    if (record.first !== state.head + 1) {
      throw new HoleError(`the log was trimmed beyond ${state.head}, which was read last`);
    }
    if (record.after !== this.id) throw new HoleError("the log is another than before");
    if (record.epoch !== undefined) {
      state.epoch = record.epoch.epoch;
      state.epochStart = record.epoch.start;
      state.previousEpoch = record.epoch.previous;
      state.previousHead = record.epoch.previousHead;
    }
    if (record.entries.length > 0) this.#mark(seq, record.first);
    let next = 0;
    const changes = record.changes ?? [];
    for (const [index, entry] of record.entries.entries()) {
      while (next < changes.length && (changes[next] as SessionChange).at <= index) this.#change(changes[next++]);
      this.#entry(entry, record.first + index, timeMs);
    }
    while (next < changes.length) this.#change(changes[next++]);
    state.head += record.entries.length;
    state.bytes += record.entriesBytes;
    if (record.trim !== undefined) this.#trim(record.trim);
    this.seq = seq;
    this.id = record.id;
  }

  members(): Member[] {
    const members: Member[] = [];
    for (const { isJoined, member, name } of this.sessions.values()) if (isJoined) members.push({ member, name });
    return members;
  }

  /** Where the history begins once `count` entries of `more` bytes are appended: exact by entries, by bytes at a mark. */
  trimFor(count: number, more: number): number {
    const { historyMessages, historyBytes } = this.#bounds;
    const { head, bytes, firstRetained } = this.state;
    const byCount = head + count - historyMessages + 1;
    const fits = (mark: Mark): boolean => bytes + more - mark.bytes <= historyBytes;
    const [oldest] = this.marks;
    // What is appended now is held, whatever it is.
    const byBytes = oldest === undefined || fits(oldest) ? 1 : (this.marks.find(fits)?.first ?? head + 1);
    return Math.min(Math.max(firstRetained, byCount, byBytes), head + count);
  }

  /** The last mark at or before a number. */
  markOf(number: number): Mark | undefined {
    return this.marks.findLast(({ first }) => first <= number);
  }

  /** All of it, for whoever comes later. */
  save(): string {
    const { state, seq, id, marks, sessions } = this;
    const left = [...this.left.keys()];
    return JSON.stringify({ state, seq, id, marks, sessions: [...sessions.values()], left });
  }

  static load(saved: string, bounds: Bounds): Replica {
    const { state, seq, id, marks, sessions, left } = JSON.parse(saved) as {
      state: ReplicaState;
      seq: number;
      id: string;
      marks: Mark[];
      sessions: ReplicaSession[];
      left: string[];
    };
    const replica = new Replica(bounds);
    Object.assign(replica, { state, seq, id, marks });
    for (const session of sessions) replica.#put(session);
    for (const one of left) replica.left.set(one, replica.sessions.get(one) as ReplicaSession);
    return replica;
  }

  #put(session: ReplicaSession): void {
    this.sessions.set(session.id, session);
    this.owners.set(session.owner, session);
    this.#members.set(session.member, session);
  }

  #change(change: SessionChange | undefined): void {
    if (change?.evict !== undefined) {
      const session = this.sessions.get(change.evict);
      if (session === undefined) return;
      this.sessions.delete(session.id);
      this.owners.delete(session.owner);
      this.#members.delete(session.member);
      this.left.delete(session.id);
    }
    if (change?.attach === undefined) return;
    const { id, owner, gateway, outcome, joinNumber, askedAt } = change.attach;
    const known = this.sessions.get(id);
    if (known === undefined) {
      this.#put({ ...change.attach, isJoined: false, lastClientSeq: 0, lastNumber: 0, leftAt: 0 });
      this.state.lastMember = Math.max(this.state.lastMember, change.attach.member);
      return;
    }
    this.owners.delete(known.owner);
    Object.assign(known, { owner, gateway, outcome, joinNumber, askedAt });
    this.owners.set(owner, known);
  }

  #entry({ kind, member, clientSeq }: SharedEntry, number: number, timeMs: number): void {
    const session = this.#members.get(member);
    if (session === undefined) return;
    if (kind === "join") {
      session.isJoined = true;
      this.left.delete(session.id);
    } else if (kind === "leave") {
      session.isJoined = false;
      session.leftAt = timeMs;
      this.left.set(session.id, session);
    } else {
      session.lastClientSeq = clientSeq;
      session.lastNumber = number;
    }
  }

  /** So many marks that the history is trimmed by a 64th of it at a time. */
  #mark(seq: number, first: number): void {
    const { historyMessages, historyBytes } = this.#bounds;
    const { bytes } = this.state;
    const last = this.marks[this.marks.length - 1];
    const isFar =
      last === undefined || first - last.first >= historyMessages / MARKS || bytes - last.bytes >= historyBytes / MARKS;
    if (isFar) this.marks.push({ seq, first, bytes });
  }

  #trim(first: number): void {
    this.state.firstRetained = first;
    while (this.marks.length > 1 && (this.marks[1] as Mark).first <= first) this.marks.shift();
  }
}

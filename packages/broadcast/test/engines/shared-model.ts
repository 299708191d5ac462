/**
 * The plain model of a log that gateways share (docs/broadcast.md B38 to B40): one array of entries and one map of sessions for
 * each room, nothing hidden. What an engine must answer is what this answers.
 */
import {
  LEAVE_REASONS,
  type LeaveReason,
  type Member,
  type SharedAnswer,
  type SharedEntry,
  type SharedRequest,
} from "../../src/core/index.js";
import type { SharedListener, SharedLog } from "../../src/node/log.js";

export interface SharedModelOptions {
  /** Newest entries that a room holds. Default 100,000. */
  readonly historyMessages?: number;
  /** Default 10,000. */
  readonly maxSessions?: number;
  /** Default 24 hours. */
  readonly sessionTtlMs?: number;
  /** In milliseconds. Default Date.now. */
  readonly now?: () => number;
}

type Attach = Extract<SharedRequest, { op: "attach" }>;
type Publish = Extract<SharedRequest, { op: "publish" }>;
type Outcome = Extract<SharedAnswer, { op: "attach" }>["outcome"];

interface Session {
  readonly clientId: string;
  readonly token: string;
  readonly member: number;
  readonly name: string;
  owner: string;
  isJoined: boolean;
  lastClientSeq: number;
  lastNumber: number;
  /** When it was last said to be connected. */
  seenAt: number;
  leftAt: number;
  /** What its owner was told when it attached: the same, where it asks again. */
  attached: Pick<Extract<SharedAnswer, { op: "attach" }>, "outcome" | "joinNumber">;
}

interface Room {
  epoch: number;
  epochStart: number;
  previousEpoch: number;
  previousHead: number;
  /** The number of `entries[i]` is i + 1, trimmed or not. */
  entries: SharedEntry[];
  sessions: Map<string, Session>;
  lastMember: number;
}

interface Follower {
  readonly listener: SharedListener;
  readonly room: string;
}

export class SharedModel {
  readonly #options: Required<SharedModelOptions>;
  readonly #rooms = new Map<string, Room>();
  readonly #followers = new Set<Follower>();

  constructor(options: SharedModelOptions = {}) {
    this.#options = {
      historyMessages: 100_000,
      maxSessions: 10_000,
      sessionTtlMs: 86_400_000,
      now: Date.now,
      ...options,
    };
  }

  /** A gateway's connection to it. */
  link(): SharedLog {
    let listener: SharedListener | undefined;
    const followed = new Map<string, Follower>();
    const forget = (room: string): void => {
      const follower = followed.get(room);
      if (follower !== undefined) this.#followers.delete(follower);
      followed.delete(room);
    };
    return {
      start: async (heard) => {
        listener = heard;
      },
      ask: async (room, request) => {
        if (listener === undefined) throw new Error("the log is not started");
        if (request.op === "open") {
          forget(room);
          const answer = this.#open(room, request.freshEpoch);
          const follower = { listener, room };
          followed.set(room, follower);
          this.#followers.add(follower);
          return answer;
        }
        if (!followed.has(room)) throw new Error(`room ${room} is not open`);
        return this.perform(room, request);
      },
      forget,
      close: async () => {
        for (const room of [...followed.keys()]) forget(room);
      },
    };
  }

  /** One step. The room must exist. */
  perform(room: string, request: Exclude<SharedRequest, { op: "open" }>): SharedAnswer {
    const there = this.#rooms.get(room);
    if (there === undefined) throw new Error(`there is no room ${room}`);
    switch (request.op) {
      case "attach":
        return this.#attach(room, there, request);
      case "publish":
        return this.#publish(room, there, request);
      case "leave": {
        const session = there.sessions.get(request.clientId);
        if (session?.owner === request.owner && session.isJoined) this.#leave(room, there, session, request.reason);
        return { op: "leave" };
      }
      case "renew":
        return this.#renew(room, there, request.owners, request.graceMs);
      case "read":
        return this.#read(there, request.from, request.maxBytes);
    }
  }

  /** What a loss of the newest entries does: the log goes back to `head`, sessions and all, in another epoch. */
  rollBack(room: string, head: number, epoch: number): void {
    const there = this.#rooms.get(room) as Room;
    const sessions = [...there.sessions.values()];
    there.previousEpoch = there.epoch;
    there.previousHead = head;
    there.epoch = epoch;
    there.epochStart = head + 1;
    there.entries.length = head;
    there.sessions = new Map();
    for (const session of sessions) {
      const own = there.entries.map(({ member }, index) => ({ member, number: index + 1 }));
      if (own.some(({ member }) => member === session.member)) there.sessions.set(session.clientId, session);
      const published = there.entries.findLastIndex((one) => one.member === session.member && one.clientSeq > 0);
      session.lastNumber = published + 1;
      session.lastClientSeq = there.entries[published]?.clientSeq ?? 0;
    }
    for (const follower of [...this.#followers]) {
      if (follower.room !== room) continue;
      this.#followers.delete(follower);
      queueMicrotask(() => follower.listener.lost(room, "the log went back"));
    }
  }

  #open(room: string, freshEpoch: number): SharedAnswer {
    let there = this.#rooms.get(room);
    if (there === undefined) {
      const none = { epochStart: 1, previousEpoch: 0, previousHead: 0, lastMember: 0 };
      there = { epoch: freshEpoch, entries: [], sessions: new Map(), ...none };
      this.#rooms.set(room, there);
    }
    const { epoch, epochStart, previousEpoch, previousHead, entries } = there;
    const firstRetained = this.#firstRetained(there);
    const before = { epochStart, previousEpoch, previousHead };
    return { op: "open", epoch, head: entries.length, firstRetained, ...before, members: joined(there) };
  }

  #attach(room: string, there: Room, { clientId, token, freshToken, name, owner }: Attach): SharedAnswer {
    const { now } = this.#options;
    const known = there.sessions.get(clientId);
    if (known?.owner === owner) return this.#attached(there, known.attached.outcome, known);
    if (known !== undefined && known.token !== token) return this.#attached(there, "unauthorized", undefined);
    if (known === undefined && !this.#hasPlace(there)) return this.#attached(there, "full", undefined);
    let outcome: Outcome = known?.isJoined === true ? "resumed" : "joined again";
    if (known === undefined) outcome = token === "" ? "made" : "expired";
    const session: Session = known ?? {
      ...{ clientId, name, owner, token: freshToken, member: ++there.lastMember, isJoined: false },
      ...{ lastClientSeq: 0, lastNumber: 0, seenAt: 0, leftAt: 0, attached: { outcome, joinNumber: 0 } },
    };
    there.sessions.set(clientId, session);
    session.owner = owner;
    session.seenAt = now();
    session.attached = { outcome, joinNumber: 0 };
    if (!session.isJoined) {
      session.isJoined = true;
      const bytes = new TextEncoder().encode(session.name);
      const joinNumber = this.#append(room, there, [{ kind: "join", member: session.member, clientSeq: 0, bytes }]);
      session.attached = { outcome, joinNumber };
    }
    return this.#attached(there, outcome, session);
  }

  /** B23: those that left too long ago go, and where there is no place the one that left first. */
  #hasPlace({ sessions }: Room): boolean {
    const { maxSessions, sessionTtlMs, now } = this.#options;
    const left = [...sessions.values()].filter(({ isJoined }) => !isJoined).sort((a, b) => a.leftAt - b.leftAt);
    for (const { clientId, leftAt } of left) {
      if (sessions.size >= maxSessions || leftAt <= now() - sessionTtlMs) sessions.delete(clientId);
    }
    return sessions.size < maxSessions;
  }

  #attached(there: Room, outcome: Outcome, session: Session | undefined): SharedAnswer {
    const { token = "", member = 0, lastClientSeq = 0, lastNumber = 0 } = session ?? {};
    const members = session === undefined ? [] : joined(there);
    return {
      ...{ op: "attach", outcome, token, member, lastClientSeq, lastNumber, epoch: there.epoch },
      ...{ head: there.entries.length, firstRetained: this.#firstRetained(there), members },
      joinNumber: session?.attached.joinNumber ?? 0,
    };
  }

  #publish(room: string, there: Room, { clientId, owner, firstClientSeq, entries }: Publish): SharedAnswer {
    const session = there.sessions.get(clientId);
    const { lastClientSeq = 0, lastNumber = 0 } = session ?? {};
    if (session?.owner !== owner) return { op: "publish", outcome: "not owner", lastClientSeq, lastNumber };
    if (firstClientSeq > lastClientSeq + 1) return { op: "publish", outcome: "bad seq", lastClientSeq, lastNumber };
    const fresh: SharedEntry[] = entries
      .map(({ kind, bytes }, i) => ({
        kind,
        member: session.member,
        clientSeq: firstClientSeq + i,
        bytes: bytes.slice(),
      }))
      .filter(({ clientSeq }) => clientSeq > lastClientSeq);
    if (fresh.length > 0) {
      session.lastNumber = this.#append(room, there, fresh);
      session.lastClientSeq = firstClientSeq + entries.length - 1;
    }
    return { op: "publish", outcome: "ok", lastClientSeq: session.lastClientSeq, lastNumber: session.lastNumber };
  }

  #leave(room: string, there: Room, session: Session, reason: LeaveReason): void {
    session.isJoined = false;
    session.leftAt = this.#options.now();
    const bytes = Uint8Array.of(LEAVE_REASONS.indexOf(reason));
    this.#append(room, there, [{ kind: "leave", member: session.member, clientSeq: 0, bytes }]);
  }

  #renew(room: string, there: Room, owners: readonly string[], graceMs: number): SharedAnswer {
    const now = this.#options.now();
    const named = new Set(owners);
    const owned = new Set<string>();
    for (const session of there.sessions.values()) {
      if (named.has(session.owner)) {
        owned.add(session.owner);
        session.seenAt = now;
      } else if (session.isJoined && now - session.seenAt >= graceMs) this.#leave(room, there, session, "timed out");
    }
    return { op: "renew", lost: owners.filter((owner) => !owned.has(owner)) };
  }

  #read(there: Room, from: number, maxBytes: number): SharedAnswer {
    const firstRetained = this.#firstRetained(there);
    const first = Math.max(from, firstRetained);
    const entries: SharedEntry[] = [];
    let bytes = 0;
    for (const entry of there.entries.slice(first - 1)) {
      bytes += 17 + entry.bytes.length;
      if (entries.length > 0 && bytes > maxBytes) break;
      entries.push(entry);
    }
    return { op: "read", firstRetained, head: there.entries.length, first, entries };
  }

  #firstRetained({ entries }: Room): number {
    return Math.max(1, entries.length - this.#options.historyMessages + 1);
  }

  /** @returns the number of the last */
  #append(room: string, there: Room, fresh: readonly SharedEntry[]): number {
    const first = there.entries.length + 1;
    there.entries.push(...fresh);
    for (const follower of this.#followers) {
      if (follower.room !== room) continue;
      queueMicrotask(() => {
        if (this.#followers.has(follower)) follower.listener.entries(room, first, fresh);
      });
    }
    return there.entries.length;
  }
}

function joined({ sessions }: Room): Member[] {
  return [...sessions.values()].filter(({ isJoined }) => isJoined).map(({ member, name }) => ({ member, name }));
}

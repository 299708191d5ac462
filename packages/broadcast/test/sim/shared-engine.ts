/**
 * The log that gateways share, as an object of the run (docs/broadcast.md B38 to B40): each request is done in one step at a time
 * of its own, and its answer comes later, or not. What is appended comes to every gateway that follows, in order.
 */
import { Random, type World } from "@lab/simnet";
import {
  type EntryKind,
  LEAVE_REASONS,
  type LeaveReason,
  type Member,
  type ServerInput,
  type SharedAnswer,
  type SharedEntry,
  type SharedRequest,
} from "../../src/core/index.js";
import { lineOf, type RoomModel } from "./room-model.js";
import type { ServerCommand } from "./server-program.js";

export interface EngineOptions {
  readonly seed: number;
  /** Half of this is the way of a request, and half that of its answer, at most. */
  readonly maxDelayMs: number;
  /** Probability that the fate of a request is not known; it was done, or was not. */
  readonly fails: number;
  /** Newest entries that are held. */
  readonly history: number;
  readonly maxSessions: number;
}

interface EngineSession {
  readonly clientId: string;
  readonly token: string;
  readonly member: number;
  readonly name: string;
  lastClientSeq: number;
  lastNumber: number;
  isJoined: boolean;
  owner: string;
  /** When its gateway last said that it is connected. */
  seenAt: number;
}

interface Follower {
  readonly room: string;
  readonly node: string;
  readonly incarnation: number;
  isGone: boolean;
  /** What comes later does not overtake. */
  at: number;
}

interface EngineRoom {
  readonly epoch: number;
  readonly entries: SharedEntry[];
  readonly sessions: Map<string, EngineSession>;
  lastMember: number;
}

/** A gateway's connection to the engine. */
export interface SharedLink {
  /** @param answer to be handed in after so many milliseconds */
  ask(
    now: number,
    room: string,
    id: number,
    request: SharedRequest,
    answer: (afterMs: number, input: () => ServerInput) => void,
  ): void;
  forget(room: string): void;
}

export class SharedEngine {
  readonly #options: EngineOptions;
  readonly #random: Random;
  readonly #world: () => World;
  readonly #modelOf: (room: string) => RoomModel;
  readonly #rooms = new Map<string, EngineRoom>();
  readonly #followers = new Set<Follower>();
  /** Nobody reaches it before. */
  #backAt = 0;

  constructor(options: EngineOptions, world: () => World, modelOf: (room: string) => RoomModel) {
    this.#options = options;
    this.#random = new Random(`engine ${options.seed}`);
    this.#world = world;
    this.#modelOf = modelOf;
  }

  /** For so long nobody reaches it, and whoever follows it is told that it is lost. */
  goAway(forMs: number): void {
    this.#backAt = this.#world().now + forMs;
    for (const follower of this.#followers) this.#lose(follower, "the engine is out of reach");
  }

  /** The member of a session that still has this owner. */
  ownedMember(room: string, clientId: string, owner: string): number | undefined {
    const session = this.#rooms.get(room)?.sessions.get(clientId);
    return session?.owner === owner ? session.member : undefined;
  }

  link(node: string, incarnation: number): SharedLink {
    /** The last answer for each client id: requests and answers of one are in order. */
    const chains = new Map<string, { doneAt: number; answeredAt: number }>();
    const followers = new Map<string, Follower>();
    for (const old of this.#followers) if (old.node === node) this.#followers.delete(old);
    return {
      ask: (_now, room, id, request, answer) => {
        const { now } = this.#world();
        const key = "clientId" in request ? request.clientId : request.op;
        const chain = chains.get(key) ?? { doneAt: 0, answeredAt: 0 };
        chains.set(key, chain);
        const { maxDelayMs, fails } = this.#options;
        chain.doneAt = Math.max(chain.doneAt, now + (this.#random.unit() * maxDelayMs) / 2);
        chain.answeredAt = Math.max(chain.answeredAt, chain.doneAt + (this.#random.unit() * maxDelayMs) / 2);
        const fate = this.#random.unit();
        const { doneAt, answeredAt } = chain;
        let result: SharedAnswer | undefined;
        const isLost = fate < fails;
        this.#world().command(
          node,
          {
            type: "shared",
            act: () => {
              const isAway = this.#world().now < this.#backAt;
              if (this.#world().node(node).incarnation !== incarnation) return undefined;
              if (!isAway && !(isLost && fate < fails / 2)) {
                if (request.op === "open") this.#follow(room, node, incarnation, followers);
                result = this.#perform(room, request, `${node} ${incarnation}`);
              }
              if (isLost) result = undefined;
              return undefined;
            },
          } satisfies ServerCommand,
          doneAt,
        );
        answer(answeredAt - now, () =>
          result === undefined
            ? { type: "sharedFailed", room, id, message: "no answer" }
            : { type: "shared", room, id, answer: result },
        );
      },
      forget: (room) => {
        const follower = followers.get(room);
        if (follower !== undefined) {
          follower.isGone = true;
          this.#followers.delete(follower);
        }
      },
    };
  }

  #follow(room: string, node: string, incarnation: number, mine: Map<string, Follower>): void {
    const before = mine.get(room);
    if (before !== undefined) {
      before.isGone = true;
      this.#followers.delete(before);
    }
    const follower: Follower = { room, node, incarnation, isGone: false, at: this.#world().now };
    mine.set(room, follower);
    this.#followers.add(follower);
  }

  #perform(room: string, request: SharedRequest, gateway: string): SharedAnswer {
    if (request.op === "open") return this.#open(room, request.freshEpoch);
    const there = this.#rooms.get(room);
    if (there === undefined)
      throw new Error(`${gateway} asks for ${request.op} in room ${room}, which it has not opened`);
    switch (request.op) {
      case "attach":
        return this.#attach(room, there, request);
      case "publish":
        return this.#publish(room, there, request);
      case "leave":
        this.#leave(room, there, request.clientId, request.owner, request.reason);
        return { op: "leave" };
      case "renew":
        return this.#renew(room, there, request.owners, request.graceMs);
      case "read":
        return this.#read(there, request.from, request.maxBytes);
    }
  }

  #open(room: string, freshEpoch: number): SharedAnswer {
    let there = this.#rooms.get(room);
    if (there === undefined) {
      there = { epoch: freshEpoch, entries: [], sessions: new Map(), lastMember: 0 };
      this.#rooms.set(room, there);
      this.#modelOf(room).opened(freshEpoch, false, 0, false);
    }
    const { epoch, entries } = there;
    const members = this.#members(there);
    return { op: "open", epoch, head: entries.length, firstRetained: this.#firstRetained(there), members };
  }

  #attach(room: string, there: EngineRoom, request: Extract<SharedRequest, { op: "attach" }>): SharedAnswer {
    const { clientId, token, freshToken, name, owner } = request;
    let session = there.sessions.get(clientId);
    let outcome: Extract<SharedAnswer, { op: "attach" }>["outcome"];
    if (session !== undefined && session.token !== token) return this.#attached(there, "unauthorized", undefined, 0);
    if (session === undefined) {
      if (there.sessions.size >= this.#options.maxSessions && !this.#evict(there))
        return this.#attached(there, "full", undefined, 0);
      outcome = token === "" ? "made" : "expired";
      const member = ++there.lastMember;
      session = {
        clientId,
        token: freshToken,
        member,
        name,
        lastClientSeq: 0,
        lastNumber: 0,
        isJoined: false,
        owner,
        seenAt: 0,
      };
      there.sessions.set(clientId, session);
    } else outcome = session.isJoined ? "resumed" : "joined again";
    session.owner = owner;
    session.seenAt = this.#world().now;
    let joinNumber = 0;
    if (!session.isJoined) {
      session.isJoined = true;
      joinNumber = this.#append(room, there, [
        { kind: "join", member: session.member, clientSeq: 0, bytes: Buffer.from(session.name) },
      ]);
    }
    return this.#attached(there, outcome, session, joinNumber);
  }

  #evict({ sessions }: EngineRoom): boolean {
    for (const [clientId, { isJoined }] of sessions) {
      if (isJoined) continue;
      sessions.delete(clientId);
      return true;
    }
    return false;
  }

  #attached(
    there: EngineRoom,
    outcome: Extract<SharedAnswer, { op: "attach" }>["outcome"],
    session: EngineSession | undefined,
    joinNumber: number,
  ): SharedAnswer {
    const { token = "", member = 0, lastClientSeq = 0, lastNumber = 0 } = session ?? {};
    return {
      op: "attach",
      outcome,
      token,
      member,
      lastClientSeq,
      lastNumber,
      epoch: there.epoch,
      head: there.entries.length,
      firstRetained: this.#firstRetained(there),
      members: this.#members(there),
      joinNumber,
    };
  }

  #members({ sessions }: EngineRoom): Member[] {
    return [...sessions.values()].flatMap(({ isJoined, member, name }) => (isJoined ? [{ member, name }] : []));
  }

  #publish(room: string, there: EngineRoom, request: Extract<SharedRequest, { op: "publish" }>): SharedAnswer {
    const { clientId, owner, firstClientSeq, entries } = request;
    const session = there.sessions.get(clientId);
    const { lastClientSeq = 0, lastNumber = 0 } = session ?? {};
    if (session?.owner !== owner) return { op: "publish", outcome: "not owner", lastClientSeq, lastNumber };
    if (firstClientSeq > lastClientSeq + 1) return { op: "publish", outcome: "bad seq", lastClientSeq, lastNumber };
    const fresh: SharedEntry[] = [];
    for (const [i, { kind, bytes }] of entries.entries()) {
      const clientSeq = firstClientSeq + i;
      if (clientSeq <= lastClientSeq) continue;
      fresh.push({ kind, member: session.member, clientSeq, bytes: bytes.slice() });
    }
    if (fresh.length > 0) {
      session.lastNumber = this.#append(room, there, fresh);
      session.lastClientSeq = firstClientSeq + entries.length - 1;
    }
    return { op: "publish", outcome: "ok", lastClientSeq: session.lastClientSeq, lastNumber: session.lastNumber };
  }

  #leave(room: string, there: EngineRoom, clientId: string, owner: string, reason: LeaveReason): void {
    const session = there.sessions.get(clientId);
    if (session?.owner === owner && session.isJoined) this.#appendLeave(room, there, session, reason);
  }

  #appendLeave(room: string, there: EngineRoom, session: EngineSession, reason: LeaveReason): void {
    session.isJoined = false;
    const bytes = Uint8Array.of(LEAVE_REASONS.indexOf(reason));
    this.#append(room, there, [{ kind: "leave", member: session.member, clientSeq: 0, bytes }]);
  }

  #renew(room: string, there: EngineRoom, owners: readonly string[], graceMs: number): SharedAnswer {
    const { now } = this.#world();
    const named = new Set(owners);
    const owned = new Set<string>();
    for (const session of [...there.sessions.values()]) {
      if (named.has(session.owner)) {
        owned.add(session.owner);
        session.seenAt = now;
      } else if (session.isJoined && now - session.seenAt >= graceMs)
        this.#appendLeave(room, there, session, "timed out");
    }
    return { op: "renew", lost: owners.filter((owner) => !owned.has(owner)) };
  }

  #read(there: EngineRoom, from: number, maxBytes: number): SharedAnswer {
    const firstRetained = this.#firstRetained(there);
    const first = Math.max(from, firstRetained);
    const entries: SharedEntry[] = [];
    let bytes = 0;
    for (const entry of there.entries.slice(first - 1)) {
      if (entries.length > 0 && bytes + entry.bytes.length > maxBytes) break;
      bytes += entry.bytes.length;
      entries.push(entry);
    }
    return { op: "read", firstRetained, head: there.entries.length, first, entries };
  }

  #firstRetained({ entries }: EngineRoom): number {
    return Math.max(1, entries.length - this.#options.history + 1);
  }

  /** @returns the number of the last */
  #append(room: string, there: EngineRoom, fresh: readonly SharedEntry[]): number {
    const first = there.entries.length + 1;
    there.entries.push(...fresh);
    const model = this.#modelOf(room);
    for (const [i, entry] of fresh.entries())
      model.pin(there.epoch, first + i, lineOf({ ...entry, kind: entry.kind as EntryKind }));
    model.committed(first, fresh.length);
    for (const follower of this.#followers) {
      if (follower.room === room) this.#tell(follower, { type: "sharedEntries", room, first, entries: fresh });
    }
    return there.entries.length;
  }

  #lose(follower: Follower, message: string): void {
    this.#tell(follower, { type: "sharedLost", room: follower.room, message });
    follower.isGone = true;
    this.#followers.delete(follower);
  }

  #tell(follower: Follower, input: ServerInput): void {
    const world = this.#world();
    follower.at = Math.max(follower.at, world.now + (this.#random.unit() * this.#options.maxDelayMs) / 2);
    const isLast = input.type === "sharedLost";
    const act = (): ServerInput | undefined => {
      const isThere = world.node(follower.node).incarnation === follower.incarnation;
      return isThere && (isLast || !follower.isGone) ? input : undefined;
    };
    world.command(follower.node, { type: "shared", act } satisfies ServerCommand, follower.at);
  }
}

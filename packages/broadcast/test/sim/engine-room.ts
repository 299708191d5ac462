/** One room of the log that gateways share: what each request does, in one step, and what it is answered (docs/broadcast.md B38 to B40). */
import {
  LEAVE_REASONS,
  type LeaveReason,
  type Member,
  type SharedAnswer,
  type SharedEntry,
  type SharedRequest,
} from "../../src/core/index.js";

type Request<Op extends SharedRequest["op"]> = Extract<SharedRequest, { op: Op }>;
type Answer<Op extends SharedRequest["op"]> = Extract<SharedAnswer, { op: Op }>;

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

export interface EngineRoomOptions {
  /** Newest entries that are held. */
  readonly history: number;
  readonly maxSessions: number;
  readonly now: () => number;
  /** Told of what is appended, in its order. */
  readonly appended: (epoch: number, first: number, fresh: readonly SharedEntry[]) => void;
}

export class EngineRoom {
  readonly #options: EngineRoomOptions;
  /** It is as it was once, and what was written since is gone: whoever opens it next begins another epoch. */
  isRestored = false;
  #epoch: number;
  /** The first number of the epoch, and how the one before ended in what was still there. */
  #before = { epochStart: 1, previousEpoch: 0, previousHead: 0 };
  #entries: SharedEntry[] = [];
  #sessions = new Map<string, EngineSession>();
  #lastMember = 0;

  constructor(epoch: number, options: EngineRoomOptions) {
    this.#epoch = epoch;
    this.#options = options;
  }

  get epoch(): number {
    return this.#epoch;
  }

  get head(): number {
    return this.#entries.length;
  }

  /** As it is now, whatever becomes of this one. */
  copy(epoch: number = this.#epoch): EngineRoom {
    const copy = new EngineRoom(epoch, this.#options);
    copy.#before = this.#before;
    copy.#entries = [...this.#entries];
    copy.#sessions = new Map([...this.#sessions].map(([clientId, session]) => [clientId, { ...session }]));
    copy.#lastMember = this.#lastMember;
    return copy;
  }

  /** Another epoch, behind what there is (B40); for those who are joined the time of grace begins anew (B22). */
  goOnIn(epoch: number): void {
    this.#before = { epochStart: this.head + 1, previousEpoch: this.#epoch, previousHead: this.head };
    this.#epoch = epoch;
    this.isRestored = false;
    for (const session of this.#sessions.values()) session.seenAt = this.#options.now();
  }

  /** The member of a session that still has this owner. */
  ownedMember(clientId: string, owner: string): number | undefined {
    const session = this.#sessions.get(clientId);
    return session?.owner === owner ? session.member : undefined;
  }

  opened(): SharedAnswer {
    const members = this.#members();
    const firstRetained = this.#firstRetained;
    return { op: "open", epoch: this.epoch, head: this.head, firstRetained, ...this.#before, members };
  }

  perform(request: Exclude<SharedRequest, { op: "open" }>): SharedAnswer {
    switch (request.op) {
      case "attach":
        return this.#attach(request);
      case "publish":
        return this.#publish(request);
      case "leave":
        this.#leave(request.clientId, request.owner, request.reason);
        return { op: "leave" };
      case "renew":
        return this.#renew(request.owners, request.graceMs);
      case "read":
        return this.#read(request.from, request.maxBytes);
    }
  }

  get #firstRetained(): number {
    return Math.max(1, this.head - this.#options.history + 1);
  }

  #attach({ clientId, token, freshToken, name, owner }: Request<"attach">): SharedAnswer {
    const { maxSessions, now } = this.#options;
    let session = this.#sessions.get(clientId);
    let outcome: Answer<"attach">["outcome"];
    if (session !== undefined && session.token !== token) return this.#attached("unauthorized", undefined, 0);
    if (session === undefined) {
      if (this.#sessions.size >= maxSessions && !this.#evict()) return this.#attached("full", undefined, 0);
      outcome = token === "" ? "made" : "expired";
      const member = ++this.#lastMember;
      const nothing = { lastClientSeq: 0, lastNumber: 0, isJoined: false, seenAt: 0 };
      session = { clientId, token: freshToken, member, name, owner, ...nothing };
      this.#sessions.set(clientId, session);
    } else outcome = session.isJoined ? "resumed" : "joined again";
    session.owner = owner;
    session.seenAt = now();
    let joinNumber = 0;
    if (!session.isJoined) {
      session.isJoined = true;
      const { member } = session;
      joinNumber = this.#append([{ kind: "join", member, clientSeq: 0, bytes: Buffer.from(session.name) }]);
    }
    return this.#attached(outcome, session, joinNumber);
  }

  #evict(): boolean {
    for (const [clientId, { isJoined }] of this.#sessions) {
      if (isJoined) continue;
      this.#sessions.delete(clientId);
      return true;
    }
    return false;
  }

  #attached(
    outcome: Answer<"attach">["outcome"],
    session: EngineSession | undefined,
    joinNumber: number,
  ): SharedAnswer {
    const { token = "", member = 0, lastClientSeq = 0, lastNumber = 0 } = session ?? {};
    return {
      ...{ op: "attach", outcome, token, member, lastClientSeq, lastNumber, joinNumber },
      ...{ epoch: this.epoch, head: this.head, firstRetained: this.#firstRetained, members: this.#members() },
    };
  }

  #members(): Member[] {
    return [...this.#sessions.values()].flatMap(({ isJoined, member, name }) => (isJoined ? [{ member, name }] : []));
  }

  #publish({ clientId, owner, firstClientSeq, entries }: Request<"publish">): SharedAnswer {
    const session = this.#sessions.get(clientId);
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
      session.lastNumber = this.#append(fresh);
      session.lastClientSeq = firstClientSeq + entries.length - 1;
    }
    return { op: "publish", outcome: "ok", lastClientSeq: session.lastClientSeq, lastNumber: session.lastNumber };
  }

  #leave(clientId: string, owner: string, reason: LeaveReason): void {
    const session = this.#sessions.get(clientId);
    if (session?.owner === owner && session.isJoined) this.#appendLeave(session, reason);
  }

  #appendLeave(session: EngineSession, reason: LeaveReason): void {
    session.isJoined = false;
    const bytes = Uint8Array.of(LEAVE_REASONS.indexOf(reason));
    this.#append([{ kind: "leave", member: session.member, clientSeq: 0, bytes }]);
  }

  #renew(owners: readonly string[], graceMs: number): SharedAnswer {
    const now = this.#options.now();
    const named = new Set(owners);
    const owned = new Set<string>();
    for (const session of [...this.#sessions.values()]) {
      if (named.has(session.owner)) {
        owned.add(session.owner);
        session.seenAt = now;
      } else if (session.isJoined && now - session.seenAt >= graceMs) this.#appendLeave(session, "timed out");
    }
    return { op: "renew", lost: owners.filter((owner) => !owned.has(owner)) };
  }

  #read(from: number, maxBytes: number): SharedAnswer {
    const firstRetained = this.#firstRetained;
    const first = Math.max(from, firstRetained);
    const entries: SharedEntry[] = [];
    let bytes = 0;
    for (const entry of this.#entries.slice(first - 1)) {
      if (entries.length > 0 && bytes + entry.bytes.length > maxBytes) break;
      bytes += entry.bytes.length;
      entries.push(entry);
    }
    return { op: "read", firstRetained, head: this.head, first, entries };
  }

  /** @returns the number of the last */
  #append(fresh: readonly SharedEntry[]): number {
    const first = this.head + 1;
    this.#entries.push(...fresh);
    this.#options.appended(this.#epoch, first, fresh);
    return this.head;
  }
}

/** What a gateway would append next: requests, judged one after another by the room as it would be then (docs/broadcast.md B8 to B13). */
import { LEAVE_REASONS, type LeaveReason, type Member } from "../../core/messages.js";
import type { SharedAnswer, SharedEntry, SharedRequest } from "../../core/server-contract.js";
import { type AttachedSession, RecordWriter, type SessionChange } from "./record.js";
import type { Replica, ReplicaSession } from "./replica.js";

type Attach = Extract<SharedRequest, { op: "attach" }>;
type AttachAnswer = Extract<SharedAnswer, { op: "attach" }>;
type Publish = Extract<SharedRequest, { op: "publish" }>;
type Renew = Extract<SharedRequest, { op: "renew" }>;

/** What the gateway knows beside the records. */
export interface DraftContext {
  /** Names this gateway. */
  readonly gateway: string;
  readonly maxSessions: number;
  readonly sessionTtlMs: number;
  /** Entries of a record may have so many bytes, unless it has only one. */
  readonly maxBytes: number;
  /** By the clock of the NATS server, about. */
  readonly now: number;
  /** For so long nobody said that the session is connected. */
  readonly silentMs: (session: ReplicaSession) => number;
  /** Since when the owner's connection asks for its session. */
  readonly ageMs: (owner: string) => number;
}

/** Undefined: it is not done, and goes on in the next record. */
export type Judged = SharedAnswer | undefined;

export class Draft {
  readonly #replica: Replica;
  readonly #context: DraftContext;
  readonly #writer = new RecordWriter();
  readonly #changes: SessionChange[] = [];
  /** Sessions as this record leaves them; undefined: evicted. */
  readonly #touched = new Map<string, ReplicaSession | undefined>();
  #lastMember: number;
  /** Something was refused that a room which was read further might allow. */
  hasRefused = false;

  constructor(replica: Replica, context: DraftContext) {
    this.#replica = replica;
    this.#context = context;
    this.#lastMember = replica.state.lastMember;
  }

  /** Whether there is anything to append. */
  get isEmpty(): boolean {
    return this.#writer.count === 0 && this.#changes.length === 0;
  }

  get isFull(): boolean {
    return this.#writer.entriesBytes >= this.#context.maxBytes || this.#changes.length >= 1_000;
  }

  get count(): number {
    return this.#writer.count;
  }

  finish(id: string): Uint8Array {
    const { state, id: after } = this.#replica;
    const trim = this.#replica.trimFor(this.#writer.count, this.#writer.entriesBytes);
    return this.#writer.finish({
      id,
      after,
      first: state.head + 1,
      ...(this.#changes.length === 0 ? {} : { changes: this.#changes }),
      ...(trim === state.firstRetained ? {} : { trim }),
    });
  }

  judge(request: Exclude<SharedRequest, { op: "open" | "read" }>): Judged {
    switch (request.op) {
      case "attach":
        return this.#attach(request);
      case "publish":
        return this.#publish(request);
      case "leave": {
        const session = this.#session(request.clientId);
        if (session?.owner === request.owner && session.isJoined) this.#leave(session.id, request.reason);
        return { op: "leave" };
      }
      case "renew":
        return this.#renew(request);
    }
  }

  get #head(): number {
    return this.#replica.state.head + this.#writer.count;
  }

  #session(id: string): ReplicaSession | undefined {
    return this.#touched.has(id) ? this.#touched.get(id) : this.#replica.sessions.get(id);
  }

  /** To be changed. */
  #touch(id: string): ReplicaSession {
    const touched = this.#touched.get(id);
    if (touched !== undefined) return touched;
    const copy = { ...(this.#replica.sessions.get(id) as ReplicaSession) };
    this.#touched.set(id, copy);
    return copy;
  }

  #append(entry: SharedEntry): number {
    this.#writer.add(entry);
    return this.#head;
  }

  #attach(request: Attach): AttachAnswer {
    const { clientId, token, freshToken, name, owner } = request;
    const { gateway } = this.#context;
    const known = this.#session(clientId);
    if (known?.owner === owner) return this.#attached(known);
    if (known !== undefined && known.token !== token) return this.#refused("unauthorized");
    if (known === undefined && !this.#hasPlace()) return this.#refused("full");
    const askedAt = this.#context.now - this.#context.ageMs(owner);
    // It waited while another connection, which came later, took the session: as if it had been before that, it owns nothing (B11).
    if (known !== undefined && known.askedAt > askedAt) {
      return { ...this.#attached(known), outcome: "resumed", joinNumber: 0 };
    }
    let outcome: AttachedSession["outcome"] = known?.isJoined === true ? "resumed" : "joined again";
    if (known === undefined) {
      outcome = token === "" ? "made" : "expired";
      const none = { isJoined: false, lastClientSeq: 0, lastNumber: 0, leftAt: 0 };
      const ids = { id: clientId, token: freshToken, member: ++this.#lastMember, name };
      this.#touched.set(clientId, { ...ids, owner, gateway, outcome, joinNumber: 0, askedAt, ...none });
    }
    const session = this.#touch(clientId);
    const joinNumber = session.isJoined ? 0 : this.#head + 1;
    Object.assign(session, { owner, gateway, outcome, joinNumber, askedAt, isJoined: true });
    const { token: kept, member, name: called } = session;
    const attach = { id: clientId, token: kept, member, name: called, owner, gateway, outcome, joinNumber, askedAt };
    this.#changes.push({ at: this.#writer.count, attach });
    if (joinNumber > 0) {
      this.#append({ kind: "join", member, clientSeq: 0, bytes: new TextEncoder().encode(called) });
    }
    return this.#attached(session);
  }

  #attached({ outcome, token, member, lastClientSeq, lastNumber, joinNumber }: ReplicaSession): AttachAnswer {
    const { epoch } = this.#replica.state;
    const firstRetained = this.#replica.trimFor(this.#writer.count, this.#writer.entriesBytes);
    const is = { op: "attach" as const, outcome, token, member, lastClientSeq, lastNumber, joinNumber };
    return { ...is, epoch, head: this.#head, firstRetained, members: this.#members() };
  }

  #refused(outcome: "unauthorized" | "full"): AttachAnswer {
    const { epoch, firstRetained } = this.#replica.state;
    this.hasRefused = true;
    const none = { token: "", member: 0, lastClientSeq: 0, lastNumber: 0, joinNumber: 0, members: [] };
    return { op: "attach", outcome, ...none, epoch, head: this.#head, firstRetained };
  }

  #members(): Member[] {
    const members = new Map(this.#replica.members().map((one) => [one.member, one]));
    for (const [id, session] of this.#touched) {
      const before = this.#replica.sessions.get(id);
      if (before !== undefined) members.delete(before.member);
      if (session?.isJoined === true) members.set(session.member, { member: session.member, name: session.name });
    }
    return [...members.values()].sort((one, other) => one.member - other.member);
  }

  /** B23: those that left too long ago go, and where there is no place the one that left first. */
  #hasPlace(): boolean {
    const { maxSessions, sessionTtlMs, now } = this.#context;
    let size = this.#replica.sessions.size;
    for (const [id, session] of this.#touched) {
      size += Number(session !== undefined) - Number(this.#replica.sessions.has(id));
    }
    const left = [...this.#replica.left.values()].map((one) => this.#session(one.id));
    for (const [id, session] of this.#touched) {
      // Those that leave in this very record left last.
      if (session !== undefined && !session.isJoined && !this.#replica.left.has(id)) left.push(session);
    }
    for (const session of left) {
      if (session === undefined || session.isJoined) continue;
      if (size < maxSessions && now - session.leftAt < sessionTtlMs) break;
      this.#changes.push({ at: this.#writer.count, evict: session.id });
      this.#touched.set(session.id, undefined);
      size--;
    }
    return size < maxSessions;
  }

  #publish({ clientId, owner, firstClientSeq, entries }: Publish): Judged {
    const known = this.#session(clientId);
    const answer = (outcome: "ok" | "bad seq" | "not owner"): SharedAnswer => {
      const { lastClientSeq = 0, lastNumber = 0 } = this.#session(clientId) ?? {};
      return { op: "publish", outcome, lastClientSeq, lastNumber };
    };
    if (known?.owner !== owner) return answer("not owner");
    if (firstClientSeq > known.lastClientSeq + 1) return answer("bad seq");
    let session: ReplicaSession | undefined;
    for (const [index, { kind, bytes }] of entries.entries()) {
      const clientSeq = firstClientSeq + index;
      if (clientSeq <= known.lastClientSeq) continue;
      // What is appended of it is in its order; the rest is asked again, and this part skipped then.
      if (this.#writer.count > 0 && this.#writer.entriesBytes + 17 + bytes.length > this.#context.maxBytes)
        return undefined;
      session ??= this.#touch(clientId);
      session.lastNumber = this.#append({ kind, member: session.member, clientSeq, bytes });
      session.lastClientSeq = clientSeq;
    }
    return answer("ok");
  }

  #leave(id: string, reason: LeaveReason): void {
    const session = this.#touch(id);
    session.isJoined = false;
    session.leftAt = this.#context.now;
    const bytes = Uint8Array.of(LEAVE_REASONS.indexOf(reason));
    this.#append({ kind: "leave", member: session.member, clientSeq: 0, bytes });
  }

  #renew({ owners, graceMs }: Renew): SharedAnswer {
    const touchedOwners = new Map([...this.#touched.values()].map((session) => [session?.owner, session]));
    const owned = new Set<string>();
    for (const owner of owners) {
      const session = touchedOwners.get(owner) ?? this.#replica.owners.get(owner);
      if (session !== undefined && this.#session(session.id)?.owner === owner) owned.add(owner);
    }
    for (const { id } of this.#replica.sessions.values()) {
      const session = this.#session(id);
      if (session?.isJoined !== true || owned.has(session.owner)) continue;
      if (this.#context.silentMs(session) >= graceMs) this.#leave(id, "timed out");
    }
    return { op: "renew", lost: owners.filter((owner) => !owned.has(owner)) };
  }
}

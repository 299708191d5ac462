/** A shared log of one room in memory, which does and answers what it is asked when it is told to. */

import { LEAVE_REASONS, type Member } from "../../src/core/messages.js";
import type { ServerOutput, SharedAnswer, SharedEntry, SharedRequest } from "../../src/core/server-contract.js";
import type { Rig } from "./rig.js";

type Share = Extract<ServerOutput, { type: "share" }>;

interface EngineSession {
  readonly clientId: string;
  readonly token: string;
  readonly member: number;
  readonly name: string;
  owner: string;
  joined: boolean;
  lastClientSeq: number;
  lastNumber: number;
}

export class Engine {
  epoch = 0;
  readonly entries: SharedEntry[] = [];
  epochStart = 1;
  firstRetained = 1;
  readonly sessions: Map<string, EngineSession> = new Map();
  /** Who follows, and up to which number it was told. */
  readonly #followers = new Map<Rig, number>();
  readonly #done = new WeakMap<Rig, number>();

  get head(): number {
    return this.entries.length;
  }

  /** What was asked and is not answered; what is asked in a turn of its own is asked now. */
  pending(rig: Rig): Share[] {
    rig.wait(0);
    return rig.outputsOf("share").filter(({ id }) => id > (this.#done.get(rig) ?? 0));
  }

  /** Does and answers all that is asked, and gives every gateway what is new, until nothing is left. */
  run(...rigs: Rig[]): void {
    let rounds = 0;
    for (let busy = true; busy; rounds++) {
      if (rounds > 10_000) throw new Error("the log is asked for ever");
      busy = false;
      for (const rig of rigs) {
        if (this.step(rig)) busy = true;
        if (this.tell(rig)) busy = true;
      }
    }
  }

  /** The oldest request; false: there is none. */
  step(rig: Rig, fate: "answered" | "lost" | "done, answer lost" = "answered"): boolean {
    const [share] = this.pending(rig);
    if (share === undefined) return false;
    const { room, id } = share;
    this.#done.set(rig, id);
    const answer = fate === "lost" ? undefined : this.do(rig, share.request);
    if (answer === undefined || fate !== "answered") {
      rig.handle({ type: "sharedFailed", room, id, message: "no answer" });
    } else {
      rig.handle({ type: "shared", room, id, answer });
    }
    return true;
  }

  /** Gives a gateway the entries that it was not told yet. */
  tell(rig: Rig): boolean {
    const told = this.#followers.get(rig);
    if (told === undefined || told >= this.head) return false;
    this.#followers.set(rig, this.head);
    rig.handle({ type: "sharedEntries", room: "main", first: told + 1, entries: this.entries.slice(told) });
    return true;
  }

  /** Another epoch, behind all that there is. */
  begin(epoch: number): void {
    this.epoch = epoch;
    this.epochStart = this.head + 1;
  }

  append(entry: SharedEntry): number {
    return this.entries.push(entry);
  }

  do(rig: Rig, request: SharedRequest): SharedAnswer {
    switch (request.op) {
      case "open": {
        if (this.epoch === 0) this.epoch = request.freshEpoch;
        this.#followers.set(rig, this.head);
        const { epoch, epochStart, head, firstRetained } = this;
        return { op: "open", epoch, epochStart, head, firstRetained, members: this.#members() };
      }
      case "attach":
        return this.#attach(request);
      case "publish":
        return this.#publish(request);
      case "leave":
        for (const session of this.sessions.values()) {
          if (session.owner !== request.owner || !session.joined) continue;
          session.joined = false;
          const bytes = Uint8Array.of(LEAVE_REASONS.indexOf(request.reason));
          this.append({ kind: "leave", member: session.member, clientSeq: 0, bytes });
        }
        return { op: "leave" };
      case "renew": {
        const owners = new Set(Array.from(this.sessions.values(), ({ owner }) => owner));
        return { op: "renew", lost: request.owners.filter((owner) => !owners.has(owner)) };
      }
      case "read": {
        const first = Math.max(request.from, this.firstRetained);
        const entries = this.entries.slice(first - 1, first - 1 + Math.max(1, Math.floor(request.maxBytes / 1_024)));
        return { op: "read", firstRetained: this.firstRetained, head: this.head, first, entries };
      }
    }
  }

  #attach({ clientId, token, freshToken, name, owner }: Extract<SharedRequest, { op: "attach" }>): SharedAnswer {
    let session = this.sessions.get(clientId);
    const known = session !== undefined;
    const { epoch, firstRetained } = this;
    if (session !== undefined && session.token !== token) {
      const nothing = { token: "", member: 0, lastClientSeq: 0, lastNumber: 0, members: [], joinNumber: 0 };
      return { op: "attach", outcome: "unauthorized", ...nothing, epoch, head: this.head, firstRetained };
    }
    if (session === undefined) {
      const member = this.sessions.size + 1;
      session = { clientId, token: freshToken, member, name, owner, joined: false, lastClientSeq: 0, lastNumber: 0 };
      this.sessions.set(clientId, session);
    }
    session.owner = owner;
    const outcome = session.joined ? "resumed" : known ? "joined again" : token === "" ? "made" : "expired";
    let joinNumber = 0;
    if (!session.joined) {
      session.joined = true;
      const bytes = new TextEncoder().encode(session.name);
      joinNumber = this.append({ kind: "join", member: session.member, clientSeq: 0, bytes });
    }
    const { member, lastClientSeq, lastNumber } = session;
    const log = { epoch, head: this.head, firstRetained, members: this.#members(), joinNumber };
    return { op: "attach", outcome, token: session.token, member, lastClientSeq, lastNumber, ...log };
  }

  #publish({ clientId, owner, firstClientSeq, entries }: Extract<SharedRequest, { op: "publish" }>): SharedAnswer {
    const session = this.sessions.get(clientId);
    const { lastClientSeq = 0, lastNumber = 0, member = 0 } = session ?? {};
    if (session?.owner !== owner) return { op: "publish", outcome: "not owner", lastClientSeq, lastNumber };
    if (firstClientSeq > lastClientSeq + 1) return { op: "publish", outcome: "bad seq", lastClientSeq, lastNumber };
    for (const [i, { kind, bytes }] of entries.entries()) {
      const clientSeq = firstClientSeq + i;
      if (clientSeq <= lastClientSeq) continue;
      session.lastNumber = this.append({ kind, member, clientSeq, bytes });
      session.lastClientSeq = clientSeq;
    }
    return { op: "publish", outcome: "ok", lastClientSeq: session.lastClientSeq, lastNumber: session.lastNumber };
  }

  #members(): Member[] {
    const joined = [...this.sessions.values()].filter((session) => session.joined);
    return joined.map(({ member, name }) => ({ member, name }));
  }
}

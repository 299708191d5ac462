/** A plain model of a room's log: what was said is kept entry by entry, with the table of sessions as it was behind each of them. */

import type { StoredSegment } from "../../src/core/server-contract.js";
import { encodeJoins, type JoinedSession, type StoredSession } from "../../src/core/stored-sessions.js";

export type Said =
  | { readonly type: "join" | "leave" | "publish" | "refused" | "evict"; readonly client: number }
  /** The entries since the one before are a segment. */
  | { readonly type: "cut" };

interface ToldEntry {
  readonly bytes: Uint8Array;
  readonly join: JoinedSession | undefined;
}

const KINDS = { publish: 0, join: 1, leave: 2, refused: 3 };

export function entryBytes(kind: keyof typeof KINDS, member: number, clientSeq: number, bytes: Uint8Array): Uint8Array {
  const entry = Buffer.alloc(17 + bytes.length);
  entry.writeUInt8(KINDS[kind], 0);
  entry.writeUInt32BE(member, 1);
  entry.writeBigUInt64BE(BigInt(clientSeq), 5);
  entry.writeUInt32BE(bytes.length, 13);
  entry.set(bytes, 17);
  return new Uint8Array(entry);
}

export function idOf(client: number): Uint8Array {
  return new Uint8Array(16).fill(client + 1);
}

export class ToldLog {
  readonly segments: StoredSegment[] = [];
  /** `tables[n]`: the sessions as they were behind number n. */
  readonly tables: StoredSession[][] = [[]];
  /** `lastMembers[n]`: the highest member number that was given up to number n. */
  readonly lastMembers: number[] = [0];
  #table: StoredSession[] = [];
  #entries: ToldEntry[] = [];
  #lastMember = 0;
  #joins = 0;

  constructor(said: readonly Said[]) {
    for (const one of said) {
      if (one.type === "cut") this.#cut();
      else this.#say(one.type, one.client);
    }
    this.#cut();
  }

  get head(): number {
    return this.tables.length - 1;
  }

  #say(type: Exclude<Said["type"], "cut">, client: number): void {
    const clientId = idOf(client);
    const known = this.#table.find((session) => session.clientId[0] === clientId[0]);
    const others = this.#table.filter((session) => session !== known);
    if (type === "evict") {
      if (known?.joined === false) this.#table = others;
      return;
    }
    if (type === "join" ? known?.joined === true : known?.joined !== true) return;
    const number = this.head + 1;
    if (type === "join") {
      const token = known?.token ?? new Uint8Array(16).fill(100 + ++this.#joins);
      const member = known?.member ?? ++this.#lastMember;
      const name = `name ${client}, number ${number}`;
      const join: JoinedSession = { clientId, token, member, name };
      const { lastClientSeq, lastNumber } = known ?? { lastClientSeq: 0, lastNumber: 0 };
      this.#append(entryBytes("join", member, 0, Buffer.from(name)), join);
      this.#table = [...others, { ...join, joined: true, since: number, lastClientSeq, lastNumber }];
    } else if (known !== undefined && type === "leave") {
      this.#append(entryBytes("leave", known.member, 0, Uint8Array.of(number % 2)));
      this.#table = [...others, { ...known, joined: false, since: number }];
    } else if (known !== undefined) {
      const lastClientSeq = known.lastClientSeq + 1;
      const bytes = type === "refused" ? Uint8Array.of(1) : Buffer.from(`message ${number}`);
      this.#append(entryBytes(type === "refused" ? "refused" : "publish", known.member, lastClientSeq, bytes));
      this.#table = [...others, { ...known, lastClientSeq, lastNumber: number }];
    }
    this.tables.push(this.#table);
    this.lastMembers.push(this.#lastMember);
  }

  #append(bytes: Uint8Array, join?: JoinedSession): void {
    this.#entries.push({ bytes, join });
  }

  #cut(): void {
    const count = this.#entries.length;
    if (count === 0) return;
    this.segments.push({
      first: this.head - count + 1,
      count,
      entries: new Uint8Array(Buffer.concat(this.#entries.map(({ bytes }) => bytes))),
      sessions: encodeJoins(this.#entries.flatMap(({ join }) => (join === undefined ? [] : [join]))),
    });
    this.#entries = [];
  }
}

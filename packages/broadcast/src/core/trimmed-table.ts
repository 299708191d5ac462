/** The table of sessions as it was behind the last entry that memory does not hold any more: what a checkpoint says (docs/broadcast.md B27). */

import { type EntryWalker, KIND } from "./entries.js";
import type { Sessions } from "./sessions.js";
import { encodeCheckpoint, type StoredSession } from "./stored-sessions.js";

interface Row {
  joined: boolean;
  since: number;
  lastClientSeq: number;
  lastNumber: number;
}

export class TrimmedTable {
  /** All entries up to this one count. */
  #number: number;
  readonly #rows = new Map<number, Row>();

  /** @param sessions as they were behind `number`, whatever was recovered of them */
  constructor(number: number, sessions: readonly StoredSession[]) {
    this.#number = number;
    for (const { member, joined, since, lastClientSeq, lastNumber } of sessions) {
      this.#rows.set(member, { joined, since, lastClientSeq, lastNumber });
    }
  }

  /** An entry was trimmed. */
  apply(number: number, { kind, member, clientSeq }: EntryWalker): void {
    if (number <= this.#number) return;
    this.#number = number;
    let row = this.#rows.get(member);
    if (row === undefined) {
      row = { joined: false, since: number, lastClientSeq: 0, lastNumber: 0 };
      this.#rows.set(member, row);
    }
    if (kind === KIND.join || kind === KIND.leave) {
      row.joined = kind === KIND.join;
      row.since = number;
    } else {
      row.lastClientSeq = clientSeq;
      row.lastNumber = number;
    }
  }

  /** Of the sessions that are still known; the others are forgotten here as well. */
  checkpoint(sessions: Sessions): Uint8Array {
    const rows: StoredSession[] = [];
    let lastMember = 0;
    for (const [member, row] of this.#rows) {
      const session = sessions.findMember(member);
      if (member > lastMember) lastMember = member;
      if (session === undefined) {
        this.#rows.delete(member);
        continue;
      }
      const { clientId, token, name } = session;
      rows.push({ clientId, token, member, name, ...row });
    }
    return encodeCheckpoint({
      number: this.#number,
      lastMember: Math.max(lastMember, sessions.lastMember),
      sessions: rows,
    });
  }
}

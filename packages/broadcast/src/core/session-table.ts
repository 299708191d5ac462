/** The table of sessions of a room, rebuilt from what the log has (docs/broadcast.md B13, B27). */

import { EntryWalker, KIND } from "./entries.js";
import { RemoteProtocolError } from "./errors.js";
import { toHex } from "./hex.js";
import type { StoredSegment } from "./server-contract.js";
import { decodeJoins, type JoinedSession, type StoredSession } from "./stored-sessions.js";

/** A session of the table, which changes as entries are taken into account. */
export type TableSession = { -readonly [Field in keyof StoredSession]: StoredSession[Field] };

/** What one entry changes. */
interface Change {
  readonly kind: number;
  readonly member: number;
  readonly clientSeq: number;
  /** Of a join alone. */
  readonly join: JoinedSession | undefined;
}

export class SessionTable {
  /** By client id, in hexadecimal digits. */
  readonly sessions: Map<string, TableSession> = new Map();
  /** The same objects. */
  readonly byMember: Map<number, TableSession> = new Map();
  /** The highest member number that was met. */
  lastMember = 0;

  add(session: StoredSession): void {
    const mine = { ...session };
    this.sessions.set(toHex(mine.clientId), mine);
    this.byMember.set(mine.member, mine);
    this.lastMember = Math.max(this.lastMember, mine.member);
  }

  /**
   * Takes the entries of a segment into account that have a number above `after`. False, and nothing is changed, where the
   * segment is not what a segment must be.
   */
  apply(segment: StoredSegment, after: number): boolean {
    const changes = readChanges(segment);
    if (changes === undefined) return false;
    for (const [i, change] of changes.entries()) {
      // A member number stays given, whatever else is known of its session.
      this.lastMember = Math.max(this.lastMember, change.member);
      if (segment.first + i > after) this.#change(segment.first + i, change);
    }
    return true;
  }

  #change(number: number, { kind, member, clientSeq, join }: Change): void {
    if (join !== undefined) {
      this.#join(number, join);
      return;
    }
    const session = this.byMember.get(member);
    // Unknown: the checkpoint that had it could not be read. Its client is told that its session expired.
    if (session === undefined) return;
    if (kind === KIND.leave) {
      session.joined = false;
      session.since = number;
    } else {
      session.lastClientSeq = clientSeq;
      session.lastNumber = number;
    }
  }

  #join(number: number, { clientId, token, member, name }: JoinedSession): void {
    const known = this.sessions.get(toHex(clientId));
    const same = known?.member === member ? known : undefined;
    // The same client with another member number: its session was evicted, and this is a new one (B10, expired).
    if (known !== undefined && same === undefined) this.byMember.delete(known.member);
    const { lastClientSeq, lastNumber } = same ?? { lastClientSeq: 0, lastNumber: 0 };
    this.add({ clientId, token, member, name, joined: true, since: number, lastClientSeq, lastNumber });
  }
}

/** Undefined: the bytes are not `count` entries, or what is said of its joins is not of these. */
function readChanges({ count, entries, sessions }: StoredSegment): Change[] | undefined {
  const joins = decodeJoins(sessions);
  if (joins === undefined) return undefined;
  const changes: Change[] = [];
  let joinsMet = 0;
  try {
    const walker = new EntryWalker().begin(entries);
    while (walker.next()) {
      walker.check();
      const { kind, member, clientSeq } = walker;
      const join = kind === KIND.join ? joins[joinsMet++] : undefined;
      if (kind === KIND.join && join?.member !== member) return undefined;
      changes.push({ kind, member, clientSeq, join });
    }
  } catch (error) {
    if (error instanceof RemoteProtocolError) return undefined;
    throw error;
  }
  return changes.length === count && joinsMet === joins.length ? changes : undefined;
}

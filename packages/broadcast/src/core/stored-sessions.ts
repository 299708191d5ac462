/** What a durable log keeps of sessions: beside the joins of a segment, and in a checkpoint (docs/broadcast.md B27). */

import { RemoteProtocolError } from "./errors.js";
import { MAX_NAME_BYTES } from "./text-rules.js";
import { FieldReader, FieldWriter, FRAME_HEADER_BYTES, malformed } from "./wire.js";

/** What a join says of its session. */
export interface JoinedSession {
  /** 16 bytes. */
  readonly clientId: Uint8Array;
  /** 16 bytes. */
  readonly token: Uint8Array;
  /** From 1. */
  readonly member: number;
  readonly name: string;
}

/** A session as the log has it at a number. */
export interface StoredSession extends JoinedSession {
  readonly joined: boolean;
  /** The number of its last join or leave: who left longest ago is evicted first (B23). */
  readonly since: number;
  /** 0 where there is none. */
  readonly lastClientSeq: number;
  /** The number of `lastClientSeq`; 0 where there is none, or where it is not known any more. */
  readonly lastNumber: number;
}

/** The table of sessions as it was behind a number. */
export interface Checkpoint {
  /** All entries up to this one count in the table, none above it. */
  readonly number: number;
  /** The highest member number that was given so far. */
  readonly lastMember: number;
  readonly sessions: readonly StoredSession[];
}

const FORMAT = 1;
const ID_BYTES = 16;

/** The `sessions` of a segment: one item for each of its joins, in their order; no bytes where there are none. */
export function encodeJoins(joins: readonly JoinedSession[]): Uint8Array {
  const to = new FieldWriter().begin();
  for (const join of joins) writeJoin(to, join);
  return written(to);
}

/** Undefined: damaged. Ids and tokens are copies. */
export function decodeJoins(bytes: Uint8Array): JoinedSession[] | undefined {
  return undamaged(bytes, (read) => {
    const joins: JoinedSession[] = [];
    while (read.left > 0) joins.push(readJoin(read));
    return joins;
  });
}

/** What a trim stores; `decodeCheckpoint` reads it. */
export function encodeCheckpoint({ number, lastMember, sessions }: Checkpoint): Uint8Array {
  const to = new FieldWriter().begin().u8(FORMAT).u64(number).u32(lastMember).u32(sessions.length);
  for (const session of sessions) {
    writeJoin(to, session);
    to.u8(session.joined ? 1 : 0)
      .u64(session.since)
      .u64(session.lastClientSeq)
      .u64(session.lastNumber);
  }
  return written(to);
}

/** Undefined: damaged, or of a format that this version does not know. Ids and tokens are copies. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint | undefined {
  return undamaged(bytes, (read) => {
    if (read.u8() !== FORMAT) throw malformed("another format");
    const number = read.u64();
    const lastMember = read.u32();
    const sessions: StoredSession[] = [];
    const members = new Set<number>();
    for (let left = read.u32(); left > 0; left--) {
      const session: StoredSession = {
        ...readJoin(read),
        joined: read.code([false, true]),
        since: read.u64(),
        lastClientSeq: read.u64(),
        lastNumber: read.u64(),
      };
      if (session.member > lastMember || members.has(session.member)) throw malformed("a member that is none");
      if (session.since > number || session.lastNumber > number) throw malformed("a number behind the table's");
      members.add(session.member);
      sessions.push(session);
    }
    read.end();
    return { number, lastMember, sessions };
  });
}

function writeJoin(to: FieldWriter, { clientId, token, member, name }: JoinedSession): void {
  to.raw(clientId, ID_BYTES).raw(token, ID_BYTES).u32(member).text(name);
}

function readJoin(read: FieldReader): JoinedSession {
  return {
    clientId: read.raw(ID_BYTES),
    token: read.raw(ID_BYTES),
    member: read.u32(1),
    name: read.text(1, MAX_NAME_BYTES, true),
  };
}

/** No frame is what is stored. */
function written(to: FieldWriter): Uint8Array {
  return to.frame().subarray(FRAME_HEADER_BYTES);
}

function undamaged<Value>(bytes: Uint8Array, decode: (read: FieldReader) => Value): Value | undefined {
  try {
    return decode(new FieldReader(bytes));
  } catch (error) {
    if (error instanceof RemoteProtocolError) return undefined;
    throw error;
  }
}

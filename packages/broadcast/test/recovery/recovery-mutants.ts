/** Recoveries that break one rule each: the properties must catch them. */

import { type RecoveredRoom, recover } from "../../src/core/recovery.js";
import type { Recovered } from "../../src/core/server-contract.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/core/stored-sessions.js";

type Recover = typeof recover;

/** Changes what is recovered before it is looked at. */
function before(change: (recovered: Recovered) => Recovered): Recover {
  return (recovered, ...rest) => recover(change(recovered), ...rest);
}

/** Changes what came out. */
function after(change: (room: RecoveredRoom, recovered: Recovered) => RecoveredRoom): Recover {
  return (recovered, ...rest) => change(recover(recovered, ...rest), recovered);
}

export const recoveryMutants: readonly (readonly [string, Recover])[] = [
  [
    "the last client seqs are forgotten",
    after((room) => {
      for (const session of room.sessions.values()) session.lastClientSeq = 0;
      return room;
    }),
  ],
  ["the checkpoint is not looked at", before(({ checkpoint: _, ...rest }) => rest)],
  ["the segments behind the checkpoint do not count in the table", after(fromCheckpointAlone)],
  [
    "entries that the checkpoint has already count once more",
    before((recovered) => {
      const table = recovered.checkpoint && decodeCheckpoint(recovered.checkpoint);
      const first = recovered.segments[0]?.first ?? 1;
      // The table is said to be that of before the first segment; what it has of later is kept.
      return table === undefined || first > table.number
        ? recovered
        : { ...recovered, checkpoint: encodeCheckpoint({ ...table, sessions: table.sessions.map(older), number: 0 }) };
    }),
  ],
  [
    "the last segment is taken for torn, whatever it is",
    before((recovered) => ({ ...recovered, segments: recovered.segments.slice(0, -1) })),
  ],
  [
    "the head is that of the checkpoint",
    after((room, { checkpoint }) => ({ ...room, head: (checkpoint && decodeCheckpoint(checkpoint)?.number) ?? 0 })),
  ],
  [
    "a member number of a session that is gone is given again",
    after((room) => ({ ...room, lastMember: Math.max(0, ...room.byMember.keys()) })),
  ],
  [
    "the epoch goes on where the checkpoint is ahead of the log",
    after((room, { meta }) => ({ ...room, goesOn: meta !== undefined })),
  ],
];

function older<Session extends { readonly since: number; readonly lastNumber: number }>(session: Session): Session {
  return { ...session, since: 0, lastNumber: 0 };
}

function fromCheckpointAlone(room: RecoveredRoom, { checkpoint }: Recovered): RecoveredRoom {
  const sessions = (checkpoint && decodeCheckpoint(checkpoint)?.sessions) ?? [];
  return {
    ...room,
    sessions: new Map(sessions.map((session) => [session.clientId.join(), { ...session }])),
    byMember: new Map(sessions.map((session) => [session.member, { ...session }])),
  };
}

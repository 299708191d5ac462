/** What a room begins with, from what a durable log has of it (docs/broadcast.md B25 to B27). */

import type { Durability, Recovered, StoredMeta, StoredSegment } from "./server-contract.js";
import { SessionTable, type TableSession } from "./session-table.js";
import { decodeCheckpoint } from "./stored-sessions.js";

export interface RecoveredRoom {
  /** To be stored before anything else is: the epoch, who it follows, the durability and the boot that count from now on. */
  readonly meta: StoredMeta;
  /** The epoch is that of before. */
  readonly goesOn: boolean;
  readonly epoch: number;
  readonly previousEpoch: number;
  readonly previousHead: number;
  readonly epochStart: number;
  readonly head: number;
  /** `head` + 1 where nothing is held. */
  readonly firstRetained: number;
  /** By client id, in hexadecimal digits; the objects are the caller's. */
  readonly sessions: Map<string, TableSession>;
  /** The same objects, by member number. */
  readonly byMember: Map<number, TableSession>;
  /** The next member is this + 1. */
  readonly lastMember: number;
  /** Those that are whole, without a hole, up to the head. */
  readonly segments: readonly StoredSegment[];
  /** Something could not be used: what was stored behind `head`, or the checkpoint. For a warning; the epoch is a new one. */
  readonly damaged: boolean;
}

/**
 * Decides what of a recovered room can be used, and whether its epoch goes on.
 *
 * @param durability what the log is written with from now on; whether the epoch goes on is for that with which it was written
 * @param freshEpoch drawn at random, 1 to 2^53 - 1: the epoch where it does not go on
 */
export function recover(recovered: Recovered, durability: Durability, freshEpoch: number): RecoveredRoom {
  const { meta, boot } = recovered;
  const checkpoint = recovered.checkpoint === undefined ? undefined : decodeCheckpoint(recovered.checkpoint);
  const table = new SessionTable();
  for (const session of checkpoint?.sessions ?? []) table.add(session);
  table.lastMember = Math.max(table.lastMember, checkpoint?.lastMember ?? 0, meta?.lastMember ?? 0);

  const segments: StoredSegment[] = [];
  const first = recovered.segments[0]?.first ?? 1;
  const number = checkpoint?.number ?? 0;
  /** The number behind which the epoch began. */
  const epochBegan = (meta?.epochStart ?? 1) - 1;
  let head = recovered.segments.length === 0 ? Math.max(number, epochBegan) : first - 1;
  for (const segment of recovered.segments) {
    if (segment.first !== head + 1 || segment.count < 1 || !table.apply(segment, number)) break;
    segments.push(segment);
    head += segment.count;
  }
  const damaged =
    recovered.damaged ||
    segments.length < recovered.segments.length ||
    (recovered.checkpoint !== undefined && checkpoint === undefined) ||
    (meta === undefined && (segments.length > 0 || checkpoint !== undefined)) ||
    // Something that was stored is not there any more: before the first segment, but for what an older epoch lost, or behind the last.
    (segments.length > 0 && first > Math.max(number, epochBegan) + 1) ||
    head < number ||
    head < epochBegan;
  if (head < number) forgetAbove(table, head);

  const goesOn = meta !== undefined && !damaged && survives(meta, boot);
  const epochs = goesOn ? meta : newEpoch(meta, head, freshEpoch);
  const { epoch, previousEpoch, previousHead, epochStart } = epochs;
  const { sessions, byMember, lastMember } = table;
  return {
    meta: { epoch, previousEpoch, previousHead, epochStart, durability, boot, clean: false, lastMember },
    goesOn,
    epoch,
    previousEpoch,
    previousHead,
    epochStart,
    head,
    firstRetained: segments.length === 0 ? head + 1 : first,
    sessions,
    byMember,
    lastMember,
    segments,
    damaged,
  };
}

/** Whether nothing that was delivered can have been lost (B25). */
function survives({ durability, boot, clean }: StoredMeta, bootNow: string): boolean {
  if (clean || durability === "fsync") return true;
  // An empty name: the machine does not tell its boots apart, and this may be another.
  return durability === "written" && boot !== "" && boot === bootNow;
}

type Epochs = Pick<StoredMeta, "epoch" | "previousEpoch" | "previousHead" | "epochStart">;

function newEpoch(meta: StoredMeta | undefined, head: number, freshEpoch: number): Epochs {
  // By chance the same number would look as if the epoch went on.
  const epoch = freshEpoch !== meta?.epoch ? freshEpoch : freshEpoch === 1 ? 2 : freshEpoch - 1;
  return meta === undefined
    ? { epoch, previousEpoch: 0, previousHead: 0, epochStart: head + 1 }
    : { epoch, previousEpoch: meta.epoch, previousHead: head, epochStart: head + 1 };
}

/**
 * The checkpoint is ahead of what could be read: its numbers above the head will be given to other entries. The client seqs stay
 * used, so that none is taken twice; what number they had is not known any more.
 */
function forgetAbove(table: SessionTable, head: number): void {
  for (const session of table.sessions.values()) {
    if (session.lastNumber > head) session.lastNumber = 0;
    session.since = Math.min(session.since, head);
  }
}

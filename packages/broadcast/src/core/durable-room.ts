/** A room whose log is in a store as well: recovered from it, and trimmed in it (docs/broadcast.md B25 to B29). */

import { type Append, entriesBytesOf } from "./append.js";
import { DurableCommits } from "./durable-commits.js";
import { drawEpoch } from "./epoch.js";
import { toHex } from "./hex.js";
import { OwnRoom } from "./own-room.js";
import { type RecoveredRoom, recover } from "./recovery.js";
import type { ServerContext } from "./server-context.js";
import type { Recovered, StoredMeta } from "./server-contract.js";
import { Sessions } from "./sessions.js";
import { decodeCheckpoint, type StoredSession } from "./stored-sessions.js";
import { TrimmedTable } from "./trimmed-table.js";

/** The store is trimmed when this part of the history can go: not with every entry. */
const TRIM_AT = 1 / 8;

export class DurableRoom extends OwnRoom {
  protected readonly commits: DurableCommits;
  #meta: StoredMeta | undefined;
  #table = new TrimmedTable(0, []);
  /** Where the segments in the store end, and how many bytes were stored up to there. */
  #ends: { readonly number: number; readonly bytes: number }[] = [];
  /** So many of them end before what memory holds. */
  #passed = 0;
  #storedBytes = 0;
  #trimmedTo = 0;
  #trimmedBytes = 0;
  /** It was marked as cleanly closed, and is not written to any more. */
  #isClosed = false;

  constructor(name: string, context: ServerContext) {
    super(name, context);
    this.commits = new DurableCommits(context, name, (append, now) => this.commit(append, now));
  }

  /** Asks what the store has of it. Once, and not before all that an earlier life of the room asked for is stored. */
  open(): void {
    this.context.out.push({ type: "open", room: this.name });
  }

  get isIdle(): boolean {
    // Whose join is not committed yet is not among the members, but away.
    return this.life !== undefined && this.hasNobody && this.sessions.firstAbsent() === undefined;
  }

  /** What the store has of it. */
  opened(recovered: Recovered): void {
    if (this.#meta !== undefined || this.life !== undefined) return;
    const { settings, platform, out } = this.context;
    const room = recover(recovered, settings.durability, drawEpoch(platform));
    if (room.damaged) out.event({ type: "trouble", room: this.name, message: "a part of the stored log was damaged" });
    this.#meta = room.meta;
    const checkpoint = recovered.checkpoint === undefined ? undefined : decodeCheckpoint(recovered.checkpoint);
    this.#table = new TrimmedTable(checkpoint?.number ?? 0, checkpoint?.sessions ?? []);
    // First of all the store must know the epoch: nothing is told to anybody before.
    this.commits.meta(room.meta, (then) => this.#goOn(room, then));
  }

  stored(id: number, now: number): void {
    this.commits.stored(id, now);
    this.pendingChanged(now);
    this.#trim();
  }

  /** Whether a failure of this effect is one of this room; 0: it could not be opened. */
  concerns(id: number): boolean {
    return id === 0 ? this.#meta === undefined : this.commits.awaits(id);
  }

  override shutdown(now: number): void {
    this.close(now, () => {});
  }

  /** Commits what was taken, and marks the log as cleanly closed behind it (B29). */
  close(now: number, closed: (now: number) => void): void {
    this.finishTurn(now);
    this.#isClosed = true;
    if (this.#meta === undefined) return;
    const lastMember = Math.max(this.#meta.lastMember, this.sessions.lastMember);
    this.commits.meta({ ...this.#meta, clean: true, lastMember }, closed);
  }

  protected override append(append: Append, now: number): void {
    this.#ended(append.first + append.count - 1, entriesBytesOf(append));
    super.append(append, now);
  }

  #ended(number: number, bytes: number): void {
    this.#storedBytes += bytes;
    this.#ends.push({ number, bytes: this.#storedBytes });
  }

  #goOn(room: RecoveredRoom, now: number): void {
    const sessions = new Sessions(room.lastMember);
    const oldestFirst = [...room.sessions.values()].sort((a, b) => a.since - b.since);
    for (const stored of oldestFirst) sessions.add(sessionOf(stored, now), now);
    const log = this.newLog(room.firstRetained - 1);
    log.onTrim = (number, entry) => this.#table.apply(number, entry);
    this.#trimmedTo = log.head;
    for (const { first, count, entries } of room.segments) {
      log.append(count, entries);
      this.#ended(first + count - 1, entries.length);
    }
    this.startAppending(room.head, sessions, now);
    this.begin(room, log, room.goesOn, now);
    this.#trim();
  }

  #trim(): void {
    const { log } = this.life ?? {};
    if (log === undefined || this.#isClosed) return;
    const { historyMessages, historyBytes } = this.context.settings;
    const dueNumber = this.#trimmedTo + Math.max(1, historyMessages * TRIM_AT);
    const dueBytes = this.#trimmedBytes + historyBytes * TRIM_AT;
    while (this.#passed < this.#ends.length && (this.#ends[this.#passed] as { number: number }).number < log.first) {
      this.#passed++;
    }
    const last = this.#ends[this.#passed - 1];
    if (last === undefined || (last.number < dueNumber && last.bytes < dueBytes)) return;
    this.#ends = this.#ends.slice(this.#passed);
    this.#passed = 0;
    this.#trimmedTo = last.number;
    this.#trimmedBytes = last.bytes;
    this.commits.trim(last.number, this.#table.checkpoint(this.sessions));
  }
}

function sessionOf(stored: StoredSession, now: number): Parameters<Sessions["add"]>[0] {
  const { clientId, token, member, name, joined, since, lastClientSeq, lastNumber } = stored;
  const ids = { key: toHex(clientId), clientId, token, member, name };
  const state = {
    joined,
    joinedAppended: joined,
    joinNumber: 0,
    expired: false,
    since,
    connection: undefined,
    confirmed: 0,
    absentSince: now,
  };
  return { ...ids, ...state, lastClientSeq, lastNumber, appendedSeq: lastClientSeq };
}

/** What one turn appends to a room's log: one BATCH, and what follows once it is committed (docs/broadcast.md B12 to B15). */

import { BATCH_HEADER_BYTES, BatchWriter } from "./batch.js";
import { KIND } from "./entries.js";
import type { LeaveReason, PublishCode } from "./messages.js";
import { LEAVE_REASONS, PUBLISH_CODES } from "./messages.js";
import type { ServerSession } from "./server-session.js";

/** A PUBACK to be: the publishes before `clientSeq` have the numbers before `number`, as far as the last run. */
export interface Run {
  clientSeq: number;
  number: number;
  readonly code: PublishCode;
}

/** A join, or a leave with its reason. */
export interface MemberChange {
  readonly session: ServerSession;
  readonly number: number;
  readonly left: LeaveReason | undefined;
}

export interface Append {
  readonly first: number;
  readonly count: number;
  /** The whole frame; its entries begin at `BATCH_HEADER_BYTES`. */
  readonly frame: Uint8Array;
  /** Whose publishes are in it: those of one member at most. */
  readonly publisher: ServerSession | undefined;
  readonly runs: readonly Run[];
  readonly changes: readonly MemberChange[];
}

export function entriesBytesOf({ frame }: Append): number {
  return frame.length - BATCH_HEADER_BYTES;
}

const encoder = new TextEncoder();
const NOTHING: readonly never[] = [];

/** Collects the entries of a turn. */
export class AppendWriter {
  /** The highest number that was given. */
  head: number;
  readonly #batch = new BatchWriter();
  #publisher: ServerSession | undefined;
  #runs: Run[] | undefined;
  #changes: MemberChange[] | undefined;

  constructor(head: number) {
    this.head = head;
  }

  get count(): number {
    return this.#batch.count;
  }

  get entriesBytes(): number {
    return this.#batch.entriesBytes;
  }

  /** The messages of this one come next. */
  publishedBy(session: ServerSession): void {
    this.#publisher = session;
    this.#runs ??= [];
  }

  /** `bytes[start..end)` are copied. */
  message(member: number, clientSeq: number, bytes: Uint8Array, start: number, end: number): void {
    this.#batch.add(KIND.message, member, clientSeq, bytes, start, end);
    const number = ++this.head;
    const runs = this.#runs as Run[];
    const last = runs[runs.length - 1];
    if (last !== undefined && last.code === "ok") {
      last.clientSeq = clientSeq;
      last.number = number;
    } else {
      runs.push({ clientSeq, number, code: "ok" });
    }
  }

  /** In place of a publish that was refused (B15). */
  marker(member: number, clientSeq: number, code: PublishCode): void {
    this.#batch.add(KIND.marker, member, clientSeq, Uint8Array.of(PUBLISH_CODES.indexOf(code)));
    this.head++;
    (this.#runs as Run[]).push({ clientSeq, number: this.head, code });
  }

  join(session: ServerSession): void {
    this.#batch.add(KIND.join, session.member, 0, encoder.encode(session.name));
    this.head++;
    this.#changes ??= [];
    this.#changes.push({ session, number: this.head, left: undefined });
  }

  leave(session: ServerSession, reason: LeaveReason): void {
    this.#batch.add(KIND.leave, session.member, 0, Uint8Array.of(LEAVE_REASONS.indexOf(reason)));
    this.head++;
    this.#changes ??= [];
    this.#changes.push({ session, number: this.head, left: reason });
  }

  /** What was collected; there must be something. */
  finish(): Append {
    const { count } = this.#batch;
    const first = this.head - count + 1;
    const append: Append = {
      first,
      count,
      frame: this.#batch.finish(first),
      publisher: this.#publisher,
      runs: this.#runs ?? NOTHING,
      changes: this.#changes ?? NOTHING,
    };
    this.#publisher = undefined;
    this.#runs = undefined;
    this.#changes = undefined;
    return append;
  }
}

/**
 * What one append to a room's stream holds: a header in JSON, behind its length (u32), and entries as they stand in a BATCH.
 * A record has a number of entries, none or many, so that what waits while an append is under way is the next one.
 */
import { BATCH_HEADER_BYTES, BatchWriter } from "../../core/batch.js";
import { EntryWalker, KIND } from "../../core/entries.js";
import type { SharedEntry } from "../../core/server-contract.js";

/** A session, as it is after its attach. */
export interface AttachedSession {
  readonly id: string;
  readonly token: string;
  readonly member: number;
  readonly name: string;
  readonly owner: string;
  /** Names the gateway of the owner. */
  readonly gateway: string;
  readonly outcome: "made" | "resumed" | "joined again" | "expired";
  readonly joinNumber: number;
  /** When the owner's connection asked for it first, in ms of the NATS server's clock, about. */
  readonly askedAt: number;
}

/** What happens to the table of sessions, behind so many of the record's entries. */
export interface SessionChange {
  readonly at: number;
  readonly attach?: AttachedSession;
  readonly evict?: string;
}

export interface EpochBegin {
  readonly epoch: number;
  readonly start: number;
  readonly previous: number;
  readonly previousHead: number;
}

export interface RecordHeader {
  /** Drawn at random: the record at a place of the stream is still the same where this is. */
  readonly id: string;
  /** The id of the record before it, empty of the first: a record behind another one than that was is of another log. */
  readonly after: string;
  /** The number of its first entry. */
  readonly first: number;
  readonly epoch?: EpochBegin;
  readonly changes?: readonly SessionChange[];
  /** Entries below it count as trimmed from here on (B17). */
  readonly trim?: number;
}

export interface LogRecord extends RecordHeader {
  readonly entries: readonly SharedEntry[];
  /** As in a BATCH. */
  readonly entriesBytes: number;
}

export class RecordWriter {
  readonly #batch = new BatchWriter();

  get count(): number {
    return this.#batch.count;
  }

  get entriesBytes(): number {
    return this.#batch.entriesBytes;
  }

  add({ kind, member, clientSeq, bytes }: SharedEntry): void {
    this.#batch.add(KIND[kind], member, clientSeq, bytes);
  }

  finish(header: RecordHeader): Uint8Array {
    const entries = this.#batch.finish(header.first).subarray(BATCH_HEADER_BYTES);
    const json = Buffer.from(JSON.stringify(header));
    const record = Buffer.alloc(4 + json.length + entries.length);
    record.writeUInt32BE(json.length);
    record.set(json, 4);
    record.set(entries, 4 + json.length);
    return record;
  }
}

/** @throws Error where it is no record: somebody else writes to the stream */
export function readRecord(bytes: Uint8Array): LogRecord {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const at = 4 + buffer.readUInt32BE(0);
  const header = JSON.parse(buffer.toString("utf8", 4, at)) as RecordHeader;
  const walker = new EntryWalker().begin(bytes, at);
  const entries: SharedEntry[] = [];
  while (walker.next()) {
    walker.check();
    entries.push(walker.entry());
  }
  return { ...header, entries, entriesBytes: bytes.length - at };
}

/**
 * The records of a durable log, each with a version of its format and a checksum of its own (docs/broadcast.md B27). LevelDB has
 * checksums too, but skips what does not fit them without a word. The checksum covers the key: a record in another's place is damaged.
 */
import type { Durability, StoredMeta, StoredSegment } from "../../core/server-contract.js";
import { crc32 } from "./crc32.js";

const VERSION = 1;
/** Version u8, checksum u32. */
const HEADER_BYTES = 5;
const DURABILITIES: readonly Durability[] = ["memory", "written", "fsync"];

export interface MetaRecord {
  readonly meta: StoredMeta;
  /** The last number that was stored when it was written: what a clean log must still have. */
  readonly end: number;
}

export interface SegmentRecord {
  /** In which it was written: one that was left over from another is recognised. */
  readonly epoch: number;
  readonly segment: StoredSegment;
}

export interface CheckpointRecord {
  /** The segments that end at or before it were deleted. */
  readonly upTo: number;
  readonly checkpoint: Uint8Array;
}

export function encodeMeta(key: string, { meta, end }: MetaRecord): Uint8Array {
  const boot = Buffer.from(meta.boot);
  const fixed = Buffer.alloc(46);
  let at = 0;
  for (const number of [meta.epoch, meta.previousEpoch, meta.previousHead, meta.epochStart, end]) {
    at = fixed.writeBigUInt64BE(BigInt(number), at);
  }
  at = fixed.writeUInt32BE(meta.lastMember, at);
  at = fixed.writeUInt8(DURABILITIES.indexOf(meta.durability), at);
  fixed.writeUInt8(meta.clean ? 1 : 0, at);
  return sealed(key, [fixed, boot]);
}

/** Undefined: damaged, or of another format. So of the other two. */
export function decodeMeta(key: string, record: Uint8Array): MetaRecord | undefined {
  const body = opened(key, record);
  if (body === undefined || body.length < 46) return undefined;
  const [epoch, previousEpoch, previousHead, epochStart, end] = [0, 8, 16, 24, 32].map((at) =>
    Number(body.readBigUInt64BE(at)),
  ) as [number, number, number, number, number];
  const durability = DURABILITIES[body.readUInt8(44)];
  if (durability === undefined) return undefined;
  const clean = body.readUInt8(45) === 1;
  const [lastMember, boot] = [body.readUInt32BE(40), body.toString("utf8", 46)];
  return { meta: { epoch, previousEpoch, previousHead, epochStart, durability, boot, clean, lastMember }, end };
}

export function encodeSegment(key: string, { epoch, segment }: SegmentRecord): Uint8Array {
  const { first, count, entries, sessions } = segment;
  const fixed = Buffer.alloc(24);
  let at = fixed.writeBigUInt64BE(BigInt(epoch));
  at = fixed.writeBigUInt64BE(BigInt(first), at);
  at = fixed.writeUInt32BE(count, at);
  fixed.writeUInt32BE(sessions.length, at);
  return sealed(key, [fixed, sessions, entries]);
}

/** Its bytes are views of the record. */
export function decodeSegment(key: string, record: Uint8Array): SegmentRecord | undefined {
  const body = opened(key, record);
  if (body === undefined || body.length < 24) return undefined;
  const epoch = Number(body.readBigUInt64BE(0));
  const first = Number(body.readBigUInt64BE(8));
  const count = body.readUInt32BE(16);
  const end = 24 + body.readUInt32BE(20);
  if (end > body.length) return undefined;
  return { epoch, segment: { first, count, sessions: viewOf(body, 24, end), entries: viewOf(body, end, body.length) } };
}

export function encodeCheckpointRecord(key: string, { upTo, checkpoint }: CheckpointRecord): Uint8Array {
  const fixed = Buffer.alloc(8);
  fixed.writeBigUInt64BE(BigInt(upTo));
  return sealed(key, [fixed, checkpoint]);
}

export function decodeCheckpointRecord(key: string, record: Uint8Array): CheckpointRecord | undefined {
  const body = opened(key, record);
  if (body === undefined || body.length < 8) return undefined;
  return { upTo: Number(body.readBigUInt64BE(0)), checkpoint: viewOf(body, 8, body.length) };
}

/** A copy of the parts: what they are views of may change before it is written. */
function sealed(key: string, parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, HEADER_BYTES);
  const record = Buffer.allocUnsafe(length);
  record.writeUInt8(VERSION, 0);
  let at = HEADER_BYTES;
  for (const part of parts) {
    record.set(part, at);
    at += part.length;
  }
  record.writeUInt32BE(checksum(key, record), 1);
  return record;
}

/** The body of a record that is whole. */
function opened(key: string, record: Uint8Array): Buffer | undefined {
  const bytes = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (bytes.length < HEADER_BYTES || bytes.readUInt8(0) !== VERSION) return undefined;
  return bytes.readUInt32BE(1) === checksum(key, bytes) ? bytes.subarray(HEADER_BYTES) : undefined;
}

/** Of key, version and body. */
function checksum(key: string, record: Buffer): number {
  return crc32(record.subarray(HEADER_BYTES), crc32(record.subarray(0, 1), crc32(Buffer.from(key))));
}

function viewOf(body: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(body.buffer, body.byteOffset + start, end - start);
}

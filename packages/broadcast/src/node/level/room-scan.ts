/** What of a room's records can be used: they are looked at one after another, in the order of their keys (docs/broadcast.md B27). */
import type { Recovered, StoredMeta, StoredSegment } from "../../core/server-contract.js";
import type { LevelRoom } from "./level-room.js";
import {
  type CheckpointRecord,
  decodeCheckpointRecord,
  decodeMeta,
  type MetaRecord,
  type SegmentRecord,
} from "./records.js";

export type DecodeSegment = (key: string, record: Uint8Array) => SegmentRecord | undefined;

export class RoomScan {
  readonly #room: LevelRoom;
  readonly #decodeSegment: DecodeSegment;
  #meta: MetaRecord | undefined;
  #checkpoint: CheckpointRecord | undefined;
  readonly #segments: StoredSegment[] = [];
  /** Checkpoint or meta cannot be read: nothing says where the first segment must begin. */
  #isUnsure = false;
  /** A segment cannot be used, and so nothing behind it. */
  #isCut = false;

  constructor(room: LevelRoom, decodeSegment: DecodeSegment) {
    this.#room = room;
    this.#decodeSegment = decodeSegment;
  }

  /** Keys come in their order: checkpoint, meta, segments by number. */
  take(key: string, record: Uint8Array): void {
    const { keys } = this.#room;
    if (key === keys.checkpoint) {
      this.#checkpoint = decodeCheckpointRecord(key, record);
      if (this.#checkpoint === undefined) this.#beUnsure(key);
    } else if (key === keys.meta) {
      this.#meta = decodeMeta(key, record);
      if (this.#meta === undefined) this.#beUnsure(key);
      else this.#room.epoch = this.#meta.meta.epoch;
    } else {
      this.#takeSegment(key, record);
    }
  }

  recovered(boot: string): Recovered {
    const meta = this.#meta && asClosed(this.#meta, this.#room.end);
    const checkpoint = this.#checkpoint?.checkpoint;
    return {
      ...(meta === undefined ? {} : { meta }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      segments: this.#segments,
      damaged: this.#isUnsure || this.#isCut,
      boot,
    };
  }

  #takeSegment(key: string, record: Uint8Array): void {
    const read = this.#isCut ? undefined : this.#decodeSegment(key, record);
    if (read !== undefined && this.#fits(key, read)) {
      this.#segments.push(read.segment);
      this.#room.found(read.segment.first, read.segment.count);
    } else {
      this.#isCut = true;
      this.#room.leftOver(key);
    }
  }

  #fits(key: string, { epoch, segment }: SegmentRecord): boolean {
    const { first, count } = segment;
    return (
      count > 0 &&
      key === this.#room.keys.segment(first) &&
      this.#isNext(first) &&
      isOfEpoch(epoch, first, this.#meta?.meta)
    );
  }

  /** A segment goes on where the one before ended; the first where the log was trimmed, or where its epoch began. */
  #isNext(first: number): boolean {
    if (this.#segments.length > 0) return first === this.#room.end + 1;
    const begin = Math.max(this.#checkpoint?.upTo ?? 0, (this.#meta?.meta.epochStart ?? 1) - 1) + 1;
    return first <= begin || this.#isUnsure;
  }

  #beUnsure(key: string): void {
    this.#isUnsure = true;
    this.#room.leftOver(key);
  }
}

/** Segments from the start of an epoch on are of this epoch, and those before it are not. */
function isOfEpoch(epoch: number, first: number, meta: StoredMeta | undefined): boolean {
  return meta === undefined || (epoch === meta.epoch) === first >= meta.epochStart;
}

/** A log that lost something since it was closed is not what it was. */
function asClosed({ meta, end }: MetaRecord, endNow: number): StoredMeta {
  return meta.clean && end !== endNow ? { ...meta, clean: false } : meta;
}

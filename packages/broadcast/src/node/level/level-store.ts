/** The durable log of a server's rooms in a LevelDB database (docs/broadcast.md B25 to B29). */
import { BroadcastError } from "../../core/errors.js";
import type { Durability, Recovered, StoredSegment } from "../../core/server-contract.js";
import type { RoomStore, StoreWrite } from "../log.js";
import { readBootId } from "./boot-id.js";
import type { Database } from "./database.js";
import { roomKeys } from "./keys.js";
import { LevelRoom } from "./level-room.js";
import { decodeSegment, type SegmentRecord } from "./records.js";
import { RoomScan } from "./room-scan.js";
import { WriteQueue } from "./write-queue.js";

export interface LevelStoreOptions {
  readonly database: Database;
  readonly durability: Durability;
  readonly flushAfterMs: number;
  readonly maxBufferedBytes: number;
}

/** Whether these end with the mark of a clean close (B29). */
function isClosed(writes: readonly StoreWrite[]): boolean {
  const last = writes.at(-1);
  return last?.type === "meta" && last.meta.clean;
}

export class LevelStore implements RoomStore {
  readonly #database: Database;
  readonly #durability: Durability;
  readonly #queue: WriteQueue;
  readonly #rooms = new Map<string, LevelRoom>();
  #boot = "";
  #closing: Promise<void> | undefined;

  constructor({ database, durability, flushAfterMs, maxBufferedBytes }: LevelStoreOptions) {
    this.#database = database;
    this.#durability = durability;
    this.#queue = new WriteQueue({
      commit: (operations, sync) => database.batch(operations, sync),
      isBuffered: durability === "memory",
      flushAfterMs,
      maxBufferedBytes,
    });
  }

  async start(): Promise<void> {
    this.#boot = await readBootId();
    await this.#database.open();
  }

  async open(room: string): Promise<Recovered> {
    await this.#queue.drain();
    this.#queue.forgive(room);
    const state = new LevelRoom(roomKeys(room));
    const scan = new RoomScan(state, (key, record) => this.decodeSegment(key, record));
    const { from, to } = state.keys;
    await this.#database.scan(from, to, (key, record) => {
      scan.take(key, record);
      return true;
    });
    this.#rooms.set(room, state);
    return scan.recovered(this.#boot);
  }

  async write(room: string, writes: readonly StoreWrite[]): Promise<void> {
    const state = this.#room(room);
    const operations = state.operations(writes);
    const { end } = state;
    const bytes = operations.reduce((sum, one) => sum + (one.type === "put" ? one.value.length : 0), 0);
    // What decides on the epoch at the next start must not be older than what is stored under it.
    const hasMeta = writes.some(({ type }) => type === "meta");
    await this.#queue.add(room, operations, bytes, hasMeta || this.#durability === "fsync", hasMeta);
    state.stored = Math.max(state.stored, end);
    // Nothing follows on the mark of a clean close: the room is opened anew before anything else is asked of it.
    if (state.isInUse && isClosed(writes) && this.#rooms.get(room) === state) this.#rooms.delete(room);
  }

  async read(room: string, from: number, maxBytes: number): Promise<readonly StoredSegment[]> {
    const state = this.#room(room);
    // Also what is buffered is read from the database.
    if (from > state.stored || this.#durability === "memory") await this.#queue.drain();
    const start = state.segmentOf(from);
    if (start === undefined) return [];
    const segments: StoredSegment[] = [];
    let bytes = 0;
    let next = start;
    const { keys } = state;
    await this.#database.scan(keys.segment(start), keys.to, (key, record) => {
      const segment = this.decodeSegment(key, record)?.segment;
      if (segment?.first !== next) return false;
      segments.push(segment);
      bytes += segment.entries.length;
      next += segment.count;
      return bytes < maxBytes;
    });
    if (segments.length > 0) return segments;
    throw new BroadcastError("DAMAGED", `the segment from ${start} on cannot be read`);
  }

  /** Rooms of which it is known where their segments are: those that are open. */
  get openRooms(): number {
    return this.#rooms.size;
  }

  close(): Promise<void> {
    this.#closing ??= (async () => {
      await this.#queue.drain();
      await this.#database.close();
    })();
    return this.#closing;
  }

  /** For the tests of what happens without: a log that does not look at checksums. */
  protected decodeSegment(key: string, record: Uint8Array): SegmentRecord | undefined {
    return decodeSegment(key, record);
  }

  #room(room: string): LevelRoom {
    const state = this.#rooms.get(room);
    if (state === undefined) throw new BroadcastError("STORE", `the room ${room} was not opened`);
    return state;
  }
}

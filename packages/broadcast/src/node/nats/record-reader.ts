/** Finds entries by their numbers: among the records that came last, else in the stream (docs/broadcast.md B18, B40). */
import type { SharedEntry } from "../../core/server-contract.js";
import type { LogRecord } from "./record.js";
import type { Replica } from "./replica.js";
import type { RoomStream } from "./stream.js";

const RECENT_BYTES = 4 * 2 ** 20;
const AT_ONCE = 16;
const PLACES = 256;
const ENTRY_HEADER_BYTES = 17;

export class RecordReader {
  readonly #stream: RoomStream;
  #recent: LogRecord[] = [];
  #recentBytes = 0;
  /** Numbers at which records begin that were read before, with their places: who reads on finds its place at once. */
  readonly #places = new Map<number, number>();

  constructor(stream: RoomStream) {
    this.#stream = stream;
  }

  keep(record: LogRecord): void {
    if (record.entries.length === 0) return;
    this.#recent.push(record);
    this.#recentBytes += record.entriesBytes;
    let drop = 0;
    while (this.#recentBytes > RECENT_BYTES && drop < this.#recent.length - 1) {
      this.#recentBytes -= (this.#recent[drop++] as LogRecord).entriesBytes;
    }
    if (drop > 0) this.#recent = this.#recent.slice(drop);
  }

  /** Entries from `first` on, which the replica holds, as many as fit, at least one; undefined: they were trimmed meanwhile. */
  async read(replica: Replica, first: number, maxBytes: number): Promise<readonly SharedEntry[] | undefined> {
    const entries: SharedEntry[] = [];
    let room = maxBytes;
    /** @returns whether there is room for more */
    const take = (record: LogRecord): boolean => {
      for (const entry of record.entries.slice(Math.max(0, first + entries.length - record.first))) {
        room -= ENTRY_HEADER_BYTES + entry.bytes.length;
        if (room < 0 && entries.length > 0) return false;
        entries.push(entry);
      }
      return room > 0;
    };
    const [oldest] = this.#recent;
    if (oldest !== undefined && oldest.first <= first) {
      const from = this.#recent.findLastIndex((record) => record.first <= first);
      for (const record of this.#recent.slice(from)) if (!take(record)) break;
      return entries;
    }
    const { head } = replica.state;
    let place = this.#placeOf(replica, first);
    while (place <= replica.seq && first + entries.length <= head) {
      const records = await this.#stream.records(place, AT_ONCE);
      place += AT_ONCE;
      for (const { record, seq } of records) {
        if (record.first + record.entries.length <= first) continue;
        if (record.first > first + entries.length) return undefined;
        this.#remember(record.first, seq);
        if (!take(record)) return entries;
      }
    }
    return entries.length > 0 ? entries : undefined;
  }

  #placeOf(replica: Replica, number: number): number {
    let best = replica.markOf(number) ?? { first: 0, seq: 1 };
    for (const [first, seq] of this.#places) if (first <= number && first > best.first) best = { first, seq };
    return best.seq;
  }

  #remember(first: number, seq: number): void {
    this.#places.delete(first);
    this.#places.set(first, seq);
    if (this.#places.size <= PLACES) return;
    for (const oldest of this.#places.keys()) {
      this.#places.delete(oldest);
      break;
    }
  }
}

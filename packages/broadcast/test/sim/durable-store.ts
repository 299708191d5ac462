/**
 * A durable log of rooms on the disk of a simulated node (docs/broadcast.md B25 to B28): records one behind another, several
 * writes in one record, one record on its way at a time. A crash of the program loses what the disk was not given yet; one of
 * the host also what was written and not synced; epochs and clean marks are synced, whatever the durability. A record of which a part is there is known by its length.
 */
import type { NodeEnvironment, NodeOutput } from "@lab/simnet";
import type { Durability, Recovered, StoredMeta, StoredSegment } from "../../src/core/index.js";
import type { StoreWrite } from "../../src/node/log.js";

/** What a store tells the server, some time later or at once. */
export interface StoreResult {
  readonly room: string;
  readonly id: number;
  readonly failed: boolean;
}

interface Asked {
  readonly room: string;
  readonly id: number;
  readonly write: StoreWrite;
  /** It was told to be done. */
  isSaid: boolean;
}

interface StoredRoom {
  meta: StoredMeta | undefined;
  checkpoint: Uint8Array | undefined;
  segments: StoredSegment[];
  damaged: boolean;
}

/** A store with a bug. */
export interface StoreMutation {
  /** Says that it is done before it is. */
  readonly saysTooEarly?: boolean;
  /** Reads a record of which only a part is there. */
  readonly readsTorn?: boolean;
}

const RECORD = /^record (\d+)$/;

export class DurableStore {
  readonly #environment: NodeEnvironment;
  readonly #durability: Durability;
  readonly #mutation: StoreMutation;
  readonly #rooms = new Map<string, StoredRoom>();
  readonly #broken = new Set<string>();
  #waiting: Asked[] = [];
  #underWay: readonly Asked[] | undefined;
  #next = 1;
  /** Records that cannot be read, and all behind them: gone with the next one that is written. */
  #bad: number[] = [];
  /** Something that had been synced could not be read. */
  isDamaged = false;

  constructor(environment: NodeEnvironment, durability: Durability, mutation: StoreMutation = {}) {
    this.#environment = environment;
    this.#durability = durability;
    this.#mutation = mutation;
    this.#recover();
  }

  /** The highest number of a room that is stored. */
  headOf(room: string): number {
    const { segments = [], meta } = this.#rooms.get(room) ?? {};
    const last = segments.at(-1);
    return last === undefined ? (meta?.epochStart ?? 1) - 1 : last.first + last.count - 1;
  }

  open(room: string): Recovered {
    this.#broken.delete(room);
    const stored = this.#rooms.get(room);
    const boot = `boot ${this.#environment.boot}`;
    if (stored === undefined) return { segments: [], damaged: false, boot };
    const { meta, checkpoint, segments, damaged } = stored;
    return {
      ...(meta !== undefined && { meta }),
      ...(checkpoint !== undefined && { checkpoint }),
      segments: [...segments],
      damaged,
      boot,
    };
  }

  read(room: string, from: number, maxBytes: number): StoredSegment[] {
    const found: StoredSegment[] = [];
    let bytes = 0;
    for (const segment of this.#rooms.get(room)?.segments ?? []) {
      if (segment.first + segment.count <= from) continue;
      if (found.length > 0 && bytes + segment.entries.length > maxBytes) break;
      bytes += segment.entries.length;
      found.push(segment);
    }
    return found;
  }

  /** @returns what is done at once */
  write(room: string, id: number, write: StoreWrite, out: NodeOutput[]): StoreResult[] {
    if (this.#broken.has(room)) return [{ room, id, failed: true }];
    const asked: Asked = { room, id, write, isSaid: false };
    this.#waiting.push(asked);
    // What is behind an epoch that is on its way waits for it.
    const isDone = this.#mutation.saysTooEarly === true || (this.#isBuffered && !this.#hasMeta(room));
    if (isDone) {
      asked.isSaid = true;
      this.#apply(asked);
    }
    this.#flush(out);
    return isDone ? [{ room, id, failed: false }] : [];
  }

  /** The disk has the record that was under way, or has not taken it. */
  written(failed: boolean, out: NodeOutput[]): StoreResult[] {
    const done = this.#underWay ?? [];
    this.#underWay = undefined;
    if (!failed) for (const bad of this.#bad.splice(0)) this.#environment.durable.delete(`record ${bad}`);
    if (!failed && done.some(({ write }) => write.type === "meta"))
      this.#environment.durable.set("synced", this.#next - 1);
    const results: StoreResult[] = [];
    for (const asked of done) {
      if (asked.isSaid) continue;
      if (!failed) this.#apply(asked);
      results.push({ room: asked.room, id: asked.id, failed });
    }
    if (failed) {
      // Nothing behind what failed is done, until the room is opened anew.
      const rooms = new Set(done.map(({ room }) => room));
      for (const room of rooms) this.#broken.add(room);
      for (const { room, id, isSaid } of this.#waiting)
        if (rooms.has(room) && !isSaid) results.push({ room, id, failed: true });
      this.#waiting = this.#waiting.filter(({ room }) => !rooms.has(room));
    }
    this.#flush(out);
    return results;
  }

  get #isBuffered(): boolean {
    return this.#durability === "memory";
  }

  #hasMeta(room: string): boolean {
    const isMeta = (asked: Asked): boolean => asked.room === room && asked.write.type === "meta" && !asked.isSaid;
    return this.#waiting.some(isMeta) || this.#underWay?.some(isMeta) === true;
  }

  #flush(out: NodeOutput[]): void {
    if (this.#underWay !== undefined || this.#waiting.length === 0) return;
    this.#underWay = this.#waiting;
    this.#waiting = [];
    out.push({ type: "store", key: `record ${this.#next++}`, value: encodeRecord(this.#underWay), token: "record" });
  }

  #apply({ room, write }: Asked): void {
    let stored = this.#rooms.get(room);
    if (stored === undefined) {
      stored = { meta: undefined, checkpoint: undefined, segments: [], damaged: false };
      this.#rooms.set(room, stored);
    }
    if (write.type === "meta") {
      stored.meta = write.meta;
      stored.damaged = false;
    } else if (write.type === "segment") stored.segments.push(write.segment);
    else {
      stored.checkpoint = write.checkpoint;
      stored.segments = stored.segments.filter(({ first, count }) => first + count - 1 > write.upTo);
    }
  }

  #recover(): void {
    const { durable, boot } = this.#environment;
    const numbers: number[] = [];
    for (const key of durable.keys()) {
      const [, number] = RECORD.exec(key) ?? [];
      if (number !== undefined) numbers.push(Number(number));
    }
    numbers.sort((a, b) => a - b);
    const bootBefore = durable.get("boot") as number | undefined;
    if (bootBefore !== undefined && bootBefore !== boot && this.#durability !== "fsync") {
      this.#loseUnsynced(numbers, (durable.get("synced") as number | undefined) ?? 0);
    }
    durable.set("boot", boot);
    // What this boot finds stays: the system has read it, and would write it again.
    durable.set("synced", numbers.at(-1) ?? 0);
    this.#damage(numbers);
    this.#next = (numbers.at(-1) ?? 0) + 1;
    for (const [at, number] of numbers.entries()) {
      const asked = decodeRecord(durable.get(`record ${number}`) as Uint8Array, this.#mutation.readsTorn === true);
      if (asked === undefined) {
        this.#bad = numbers.slice(at);
        // A record that is torn and the last was never said to be done.
        this.isDamaged = at < numbers.length - 1;
        if (this.isDamaged) for (const room of this.#rooms.values()) room.damaged = true;
        return;
      }
      for (const one of asked) this.#apply(one);
    }
  }

  /** What a scenario has put there: a record in the middle goes bad. */
  #damage(numbers: readonly number[]): void {
    const { durable } = this.#environment;
    const share = durable.get("damage") as number | undefined;
    durable.delete("damage");
    if (share === undefined || numbers.length < 2) return;
    const key = `record ${numbers[Math.floor(share * (numbers.length - 1))]}`;
    const record = durable.get(key) as Uint8Array;
    durable.set(key, record.slice(0, record.length - 1));
  }

  /** A power cut: of what was not synced, the first records are there, and perhaps a part of the next. */
  #loseUnsynced(numbers: number[], synced: number): void {
    const { durable, randomBytes } = this.#environment;
    const [share = 0, howMuch = 0, where = 0] = randomBytes(3);
    const unsynced = numbers.filter((number) => number > synced);
    const most = howMuch < 128 ? Math.min(unsynced.length, 3) : unsynced.length;
    const loses = Math.round((most * share) / 255);
    if (loses === 0) return;
    const gone = numbers.splice(numbers.length - loses);
    const [torn, ...rest] = gone as [number, ...number[]];
    for (const number of rest) durable.delete(`record ${number}`);
    const key = `record ${torn}`;
    const record = durable.get(key) as Uint8Array;
    if (where < 128) durable.delete(key);
    else {
      durable.set(key, record.slice(0, Math.floor((record.length * (where - 128)) / 128)));
      numbers.push(torn);
    }
  }
}

function encodeRecord(asked: readonly Asked[]): Uint8Array {
  const text = JSON.stringify(asked, (_key, value: unknown) => {
    if (value instanceof Uint8Array) return { latin1: Buffer.from(value).toString("latin1") };
    return value;
  });
  const body = Buffer.from(text, "utf8");
  const record = Buffer.alloc(4 + body.length);
  record.writeUInt32BE(body.length);
  body.copy(record, 4);
  return record;
}

/** Undefined: it is torn. */
function decodeRecord(record: Uint8Array, evenTorn: boolean): Asked[] | undefined {
  const buffer = Buffer.from(record.buffer, record.byteOffset, record.byteLength);
  if (buffer.length < 4 || buffer.readUInt32BE() !== buffer.length - 4) return evenTorn ? [] : undefined;
  return JSON.parse(buffer.toString("utf8", 4), (_key, value: unknown) => {
    if (typeof value === "object" && value !== null && "latin1" in value) {
      return new Uint8Array(Buffer.from(value.latin1 as string, "latin1"));
    }
    return value;
  }) as Asked[];
}

/** Stores that break one rule each: the tests of damage and of crashes must catch them. */
import { recover } from "../../src/core/recovery.js";
import { encodeCheckpoint } from "../../src/core/stored-sessions.js";
import type { Database } from "../../src/node/level/database.js";
import { LevelStore, type LevelStoreOptions } from "../../src/node/level/level-store.js";
import type { SegmentRecord } from "../../src/node/level/records.js";
import type { StoreWrite } from "../../src/node/log.js";

/** Serves a record whatever its checksum says, as far as it can be read at all. */
export class TornServed extends LevelStore {
  protected override decodeSegment(key: string, record: Uint8Array): SegmentRecord | undefined {
    const sound = super.decodeSegment(key, record);
    if (sound !== undefined || record.length < 29) return sound;
    const body = Buffer.from(record).subarray(5);
    const [epoch, first] = [Number(body.readBigUInt64BE(0)), Number(body.readBigUInt64BE(8))];
    const sessions = body.subarray(24, 24 + body.readUInt32BE(20));
    const entries = body.subarray(24 + sessions.length);
    return { epoch, segment: { first, count: body.readUInt32BE(16), sessions, entries } };
  }
}

/** Takes what a hole leaves behind it for what follows. */
export class HolesSkipped extends LevelStore {
  override async open(room: string): ReturnType<LevelStore["open"]> {
    return { ...(await super.open(room)), damaged: false };
  }
}

/** Says that a write is done before it is: it is when the next one is asked for, so the last is lost whenever the end comes. */
export class CommitBeforeStored extends LevelStore {
  #last: () => void = () => {};

  override write(room: string, writes: readonly StoreWrite[]): Promise<void> {
    this.#last();
    this.#last = () => void super.write(room, writes).catch(() => {});
    return Promise.resolve();
  }
}

/** Deletes what it could not use at once, not in one write with the meta that says so. */
export class DroppedAtOnce extends LevelStore {
  readonly #database: Database;

  constructor(options: LevelStoreOptions) {
    super(options);
    this.#database = options.database;
  }

  override async open(room: string): ReturnType<LevelStore["open"]> {
    const recovered = await super.open(room);
    if (!recovered.damaged) return recovered;
    const last = recovered.segments.at(-1);
    const from = `room/${room}/segment/${(last === undefined ? 0 : last.first + 1).toString(16).padStart(14, "0")}`;
    const keys: string[] = [];
    await this.#database.scan(from, `room/${room}0`, (key) => keys.push(key) > 0);
    await this.#database.batch(
      keys.map((key) => ({ type: "del", key })),
      true,
    );
    return recovered;
  }
}

/** Forgets the last client seqs: a table without them is said to be that of the head. */
export class SeqsForgotten extends LevelStore {
  override async open(room: string): ReturnType<LevelStore["open"]> {
    const recovered = await super.open(room);
    const { head, lastMember, sessions } = recover(recovered, "written", 1);
    const forgotten = [...sessions.values()].map((session) => ({ ...session, lastClientSeq: 0, lastNumber: 0 }));
    return { ...recovered, checkpoint: encodeCheckpoint({ number: head, lastMember, sessions: forgotten }) };
  }
}

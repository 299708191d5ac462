/**
 * A room of a shared log in NATS: read up to its last record, and appended to behind it (docs/broadcast.md B38 to B40). What is
 * asked while an append is under way is judged together afterwards, and is the next record: one is in flight at a time.
 */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Subscription } from "@nats-io/transport-node";
import type { SharedAnswer, SharedEntry, SharedRequest } from "../../core/server-contract.js";
import { CheckpointKeeper } from "./checkpoint-keeper.js";
import type { NatsLink } from "./connection.js";
import { Draft } from "./draft.js";
import { Follower } from "./follower.js";
import { type LogRecord, type RecordHeader, RecordWriter, readRecord } from "./record.js";
import { RecordReader } from "./record-reader.js";
import { HoleError, Replica, type ReplicaSession } from "./replica.js";
import { ServerClock } from "./server-clock.js";
import { isConflict, isGone, RoomStream } from "./stream.js";

export interface NatsRoomSettings {
  readonly prefix: string;
  readonly replicas: number;
  readonly historyMessages: number;
  readonly historyBytes: number;
  readonly maxSessions: number;
  readonly sessionTtlMs: number;
  /** Since when the owner's connection asks for its session. */
  readonly ageMs: (owner: string) => number;
}

/** What a gateway knew of the room when it lost it. */
export interface KnownPlace {
  readonly epoch: number;
  readonly seq: number;
  readonly id: string;
}

export interface RoomEvents {
  entries(first: number, entries: readonly SharedEntry[]): void;
  lost(why: string): void;
}

export type RoomRequest = Exclude<SharedRequest, { op: "open" }>;

interface Waiting {
  readonly request: Exclude<RoomRequest, { op: "read" }>;
  readonly resolve: (answer: SharedAnswer) => void;
  readonly reject: (error: Error) => void;
  /** False: whoever asked has given up, and it must not be done any more: another gateway may have the client by now. */
  readonly isWanted: () => boolean;
}

const RETRY_MS = 50;
const newId = (): string => randomBytes(9).toString("base64");

export class NatsRoom {
  readonly #link: NatsLink;
  readonly #gateway: string;
  readonly #settings: NatsRoomSettings;
  readonly #events: RoomEvents;
  readonly #stream: RoomStream;
  readonly #follower: Follower;
  readonly #reader: RecordReader;
  readonly #checkpoints: CheckpointKeeper;
  #replica: Replica;
  #alive: Subscription | undefined;
  #queue: Waiting[] = [];
  #isPumping = false;
  #isOpen = false;
  #isHeard = false;
  #isClosed = false;
  /** When other gateways, and owners of this one, were last heard of. */
  readonly #heard = new Map<string, number>();
  readonly #clock = new ServerClock();
  readonly #reached = new Set<() => void>();

  constructor(link: NatsLink, gateway: string, room: string, settings: NatsRoomSettings, events: RoomEvents) {
    this.#link = link;
    this.#gateway = gateway;
    this.#settings = settings;
    this.#events = events;
    this.#stream = new RoomStream(link, settings.prefix, room, settings.replicas);
    this.#reader = new RecordReader(this.#stream);
    this.#checkpoints = new CheckpointKeeper(this.#stream);
    this.#replica = new Replica(settings);
    this.#follower = new Follower(link, this.#stream.name, this.#stream.subject, (bytes, seq, timeMs) => {
      this.#clock.seen(seq, timeMs);
      this.#take(() => readRecord(bytes), seq, timeMs);
    });
  }

  get known(): KnownPlace {
    const { seq, id, state } = this.#replica;
    return { epoch: state.epoch, seq, id };
  }

  /** Reads all that is there. To be called once, before all else. @param known what this gateway read of it before */
  async open(freshEpoch: number, known: KnownPlace | undefined): Promise<SharedAnswer> {
    await this.#stream.make();
    this.#alive = this.#link.connection.subscribe(this.#stream.aliveSubject, {
      callback: (_, message) => {
        this.#heard.set(message.string(), performance.now());
      },
    });
    const saved = await this.#stream.checkpoint();
    if (saved !== undefined) this.#replica = Replica.load(saved.saved, this.#settings);
    this.#checkpoints.found(saved?.place ?? 0);
    const last = await this.#stream.last();
    if (last === undefined || last.seq < this.#replica.seq) await this.#begin(freshEpoch);
    this.#follower.follow(this.#replica.seq + 1);
    await this.sync();
    if (known !== undefined && known.epoch === this.#replica.state.epoch && !(await this.#goesOnFrom(known))) {
      await this.#begin(freshEpoch);
    }
    const { epoch, head, firstRetained, epochStart, previousEpoch, previousHead } = this.#replica.state;
    this.#isOpen = true;
    // Not before the answer was heard.
    const told = head;
    setImmediate(() => this.#hear(told));
    const before = { epochStart, previousEpoch, previousHead };
    return { op: "open", epoch, head, firstRetained, ...before, members: this.#replica.members() };
  }

  ask(request: RoomRequest, isWanted: () => boolean): Promise<SharedAnswer> {
    if (request.op === "read") return this.#read(request.from, request.maxBytes);
    if (request.op === "renew") this.#sayAlive(request.owners);
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject, isWanted });
      if (!this.#isPumping) this.#pump();
    });
  }

  /** The connection is back: what is followed begins anew, at once. */
  reconnected(): void {
    if (this.#isClosed) return;
    this.#follower.follow(this.#replica.seq + 1);
    this.sync().catch(() => {});
  }

  close(why = "the room is closed"): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#follower.close();
    this.#alive?.unsubscribe();
    for (const { reject } of this.#queue) reject(new Error(why));
    this.#queue = [];
    this.#wake();
  }

  /** Resolves when all is read that was in the stream when it was called. @throws Error where it is lost or closed */
  async sync(): Promise<void> {
    // As it is now: meanwhile more may be read than the answer knows of.
    const { seq, id } = this.#replica;
    const last = await this.#last();
    if (last === undefined || last.seq < seq) this.#lose("the log went back");
    else if (last.seq === seq && last.record.id !== id) this.#lose("the log is another than before");
    while (!this.#isClosed && last !== undefined && this.#replica.seq < last.seq) {
      await new Promise<void>((resolve) => this.#reached.add(resolve));
    }
    if (this.#isClosed) throw new Error("the log is another than before, or closed");
  }

  /** Over reconnections. */
  async #last(): Promise<{ readonly seq: number; readonly record: LogRecord } | undefined> {
    for (;;) {
      try {
        return await this.#stream.last();
      } catch (error) {
        if (isGone(error)) return undefined;
        if (this.#isClosed) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** Begins an epoch behind what there is: the room is new, or has lost what somebody has read (B40). */
  async #begin(epoch: number): Promise<void> {
    const { state, seq, id: after } = this.#replica;
    const start = state.head + 1;
    const begin = { epoch, start, previous: state.epoch, previousHead: state.head };
    const header: RecordHeader = { id: newId(), after, first: start, epoch: begin };
    const behind = (await this.#stream.last())?.seq ?? 0;
    if (behind > seq) return; // another gateway has begun it
    try {
      const bytes = new RecordWriter().finish(header);
      const place = await this.#stream.append(bytes, behind);
      this.#take(() => readRecord(bytes), place, Date.now());
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }

  async #goesOnFrom(known: KnownPlace): Promise<boolean> {
    const { seq, id } = this.#replica;
    if (known.seq >= seq) return known.seq === seq && known.id === id;
    const [found] = await this.#stream.records(known.seq, 1);
    // Where it was purged since, there is nothing to compare; what comes behind it is not below it.
    return found === undefined || found.record.id === known.id;
  }

  #hear(told: number): void {
    if (this.#isClosed) return;
    this.#isHeard = true;
    const { head } = this.#replica.state;
    if (head === told) return;
    this.#reader.read(this.#replica, told + 1, Number.MAX_SAFE_INTEGER).then((entries) => {
      this.#events.entries(told + 1, entries ?? []);
    });
  }

  #take(read: () => LogRecord, seq: number, timeMs: number): void {
    if (this.#isClosed || seq <= this.#replica.seq) return;
    let record: LogRecord;
    try {
      record = read();
      this.#replica.apply(record, seq, timeMs);
    } catch (error) {
      this.#lose(error instanceof HoleError ? error.message : `not a record: ${(error as Error).message}`);
      return;
    }
    this.#reader.keep(record);
    this.#checkpoints.applied(record);
    for (const { attach } of record.changes ?? []) {
      if (attach !== undefined) this.#heard.set(attach.owner, performance.now());
    }
    if (this.#isHeard && record.entries.length > 0) this.#events.entries(record.first, record.entries);
    this.#wake();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    while (this.#queue.length > 0 && !this.#isClosed) {
      try {
        await this.#step();
      } catch {
        // The fate of a record is not known: the stream knows it, and what is in is not appended again.
        await this.sync().catch(() => {});
      }
    }
    this.#isPumping = false;
  }

  async #step(): Promise<void> {
    const replica = this.#replica;
    const { seq } = replica;
    this.#queue = this.#queue.filter(({ isWanted }) => isWanted());
    const draft = new Draft(replica, this.#draftContext());
    const judged: [Waiting, SharedAnswer][] = [];
    let isPlain = true;
    for (const waiting of this.#queue) {
      const answer = draft.isFull ? undefined : draft.judge(waiting.request);
      if (answer === undefined) break;
      judged.push([waiting, answer]);
      if (waiting.request.op === "renew") isPlain = false;
    }
    if (draft.hasRefused || (draft.isEmpty && !isPlain)) {
      await this.sync();
      if (replica.seq !== seq) return; // there was more: judged again
    }
    if (!draft.isEmpty) {
      const record = draft.finish(newId());
      let place: number;
      const sent = this.#clock.begin();
      try {
        place = await this.#stream.append(record, seq);
        this.#clock.stored(place, sent);
      } catch (error) {
        if (isConflict(error)) return await this.sync();
        throw error;
      }
      this.#take(() => readRecord(record), place, this.#clock.now());
      this.#checkpoints.check(replica);
    }
    const done = new Set(judged.map(([waiting]) => waiting));
    this.#queue = this.#queue.filter((waiting) => !done.has(waiting));
    for (const [{ resolve }, answer] of judged) resolve(answer);
  }

  #draftContext(): ConstructorParameters<typeof Draft>[1] {
    const { maxSessions, sessionTtlMs, ageMs } = this.#settings;
    const maxBytes = Math.floor((this.#link.connection.info?.max_payload ?? 1_048_576) / 4);
    const silentMs = (session: ReplicaSession): number => this.#silentMs(session);
    return { gateway: this.#gateway, maxSessions, sessionTtlMs, maxBytes, now: this.#clock.now(), silentMs, ageMs };
  }

  /** Of a session of this gateway its owner must have been named, of another one's that gateway must have been heard. */
  #silentMs({ owner, gateway }: ReplicaSession): number {
    const now = performance.now();
    const key = gateway === this.#gateway ? owner : gateway;
    const heard = this.#heard.get(key);
    if (heard === undefined) this.#heard.set(key, now);
    const attached = this.#heard.get(owner) ?? now;
    return now - Math.max(heard ?? now, attached);
  }

  #sayAlive(owners: readonly string[]): void {
    const now = performance.now();
    for (const owner of owners) this.#heard.set(owner, now);
    for (const owner of this.#heard.keys()) {
      // Of sessions that have another owner by now.
      if (owner.length === 32 && !this.#replica.owners.has(owner)) this.#heard.delete(owner);
    }
    this.#link.connection.publish(this.#stream.aliveSubject, this.#gateway);
  }

  async #read(from: number, maxBytes: number): Promise<SharedAnswer> {
    for (;;) {
      await this.sync();
      const { head, firstRetained } = this.#replica.state;
      const first = Math.max(from, firstRetained);
      const entries = first > head ? [] : await this.#reader.read(this.#replica, first, maxBytes);
      if (entries !== undefined) return { op: "read", firstRetained, head, first, entries };
    }
  }

  #lose(why: string): void {
    if (this.#isClosed) return;
    this.close(why);
    if (this.#isOpen) this.#events.lost(why);
  }

  #wake(): void {
    for (const resolve of this.#reached) resolve();
    this.#reached.clear();
  }
}

/** The stream of a room: three subjects, records, checkpoints and parts of checkpoints (docs/broadcast.md, key layout). */
import type { JetStreamApiError, StoredMsg } from "@nats-io/jetstream";
import type { NatsLink } from "./connection.js";
import { type LogRecord, readRecord } from "./record.js";

export interface StoredRecord {
  readonly seq: number;
  readonly timeMs: number;
  readonly record: LogRecord;
}

interface CheckpointMessage {
  /** The stream's numbers of the parts; empty: `state` is all of it. */
  readonly parts: readonly number[];
  readonly state?: string;
}

/** Of JetStream's API. */
const STREAM_NOT_FOUND = 10_059;
const WRONG_LAST_SEQUENCE = 10_071;
const NAME_IN_USE = 10_058;

export const isConflict = (error: unknown): boolean => (error as JetStreamApiError).code === WRONG_LAST_SEQUENCE;
export const isGone = (error: unknown): boolean => (error as JetStreamApiError).code === STREAM_NOT_FOUND;

export class RoomStream {
  readonly name: string;
  readonly subject: string;
  /** Of gateways that say that they are there; not kept. */
  readonly aliveSubject: string;
  readonly #link: NatsLink;
  readonly #checkpointSubject: string;
  readonly #partSubject: string;
  readonly #replicas: number;

  constructor(link: NatsLink, prefix: string, room: string, replicas: number) {
    const token = plainToken(room);
    this.#link = link;
    this.#replicas = replicas;
    this.name = `${prefix}-${token}`;
    const base = `${prefix}.${token}`;
    this.subject = `${base}.log`;
    this.aliveSubject = `${base}.alive`;
    this.#checkpointSubject = `${base}.checkpoint`;
    this.#partSubject = `${base}.part`;
  }

  /** Makes it where it is not there. No limits: the gateways trim, so that what is trimmed is known. */
  async make(): Promise<void> {
    try {
      await this.#link.manager.streams.add({
        name: this.name,
        subjects: [this.subject, this.#checkpointSubject, this.#partSubject],
        num_replicas: this.#replicas,
      });
    } catch (error) {
      // With other settings than these: somebody knows better.
      if ((error as JetStreamApiError).code !== NAME_IN_USE) throw error;
    }
  }

  /** @param behind the last record of the stream, or nothing is appended (see `isConflict`) @returns its place */
  async append(record: Uint8Array, behind: number): Promise<number> {
    const { jetstream } = this.#link;
    return (await jetstream.publish(this.subject, record, { expect: { lastSubjectSequence: behind } })).seq;
  }

  async last(): Promise<StoredRecord | undefined> {
    return storedRecord(await this.#link.manager.streams.getMessage(this.name, { last_by_subj: this.subject }));
  }

  /** Records among the `count` messages from a place on. */
  async records(from: number, count: number): Promise<StoredRecord[]> {
    const asked = Array.from({ length: count }, (_, index) => {
      return this.#link.manager.streams.getMessage(this.name, { seq: from + index });
    });
    const found = (await Promise.all(asked)).filter((message) => message?.subject === this.subject);
    return found.map((message) => storedRecord(message) as StoredRecord);
  }

  /** What the newest checkpoint holds, and its place; undefined: there is none. */
  async checkpoint(): Promise<{ readonly saved: string; readonly place: number } | undefined> {
    const { streams } = this.#link.manager;
    const message = await streams.getMessage(this.name, { last_by_subj: this.#checkpointSubject });
    if (message === null) return undefined;
    const { parts, state } = JSON.parse(Buffer.from(message.data).toString()) as CheckpointMessage;
    if (state !== undefined) return { saved: state, place: message.seq };
    const pieces = await Promise.all(parts.map((seq) => streams.getMessage(this.name, { seq })));
    // Where a part is gone, a newer checkpoint is there by now.
    if (pieces.includes(null)) return await this.checkpoint();
    const saved = Buffer.concat(pieces.map((piece) => (piece as StoredMsg).data)).toString();
    return { saved, place: message.seq };
  }

  /**
   * Stores what a gateway knows, for those that come later. Another gateway may have done so meanwhile: then it is let be.
   *
   * @param behind the place of the checkpoint before, 0: there is none
   * @returns its place and the first message that it needs; undefined: another's is there
   */
  async saveCheckpoint(
    saved: string,
    behind: number,
  ): Promise<{ readonly place: number; readonly needs: number } | undefined> {
    const { jetstream, connection } = this.#link;
    const pieceBytes = Math.floor((connection.info?.max_payload ?? 1_048_576) / 2);
    const bytes = Buffer.from(saved);
    const parts: number[] = [];
    if (bytes.length > pieceBytes / 2) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        parts.push((await jetstream.publish(this.#partSubject, bytes.subarray(at, at + pieceBytes))).seq);
      }
    }
    const message: CheckpointMessage = parts.length > 0 ? { parts } : { parts, state: saved };
    try {
      const expect = { lastSubjectSequence: behind };
      const { seq } = await jetstream.publish(this.#checkpointSubject, JSON.stringify(message), { expect });
      return { place: seq, needs: parts[0] ?? seq };
    } catch (error) {
      if (isConflict(error)) return undefined;
      throw error;
    }
  }

  /** Removes all before a place. */
  async purge(before: number): Promise<void> {
    await this.#link.manager.streams.purge(this.name, { seq: before });
  }
}

function storedRecord(message: StoredMsg | null): StoredRecord | undefined {
  if (message === null) return undefined;
  return { seq: message.seq, timeMs: message.time.getTime(), record: readRecord(message.data) };
}

/** Letters and digits stand for themselves, any other byte as `_` and two hexadecimal digits. */
function plainToken(room: string): string {
  return [...Buffer.from(room)]
    .map((byte) => {
      const character = String.fromCharCode(byte);
      return /[A-Za-z0-9]/.test(character) ? character : `_${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

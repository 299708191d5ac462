/** Group commit: what is asked while a batch is being written becomes the next batch, of all rooms together (docs/broadcast.md B25). */

import type { BatchOperation } from "./database.js";

export interface WriteQueueOptions {
  /** Writes one batch, atomically. */
  readonly commit: (operations: readonly BatchOperation[], sync: boolean) => Promise<void>;
  /** Nobody waits for a write, which is kept here until it is written with others. */
  readonly isBuffered: boolean;
  /** How long a write may be kept. */
  readonly flushAfterMs: number;
  /** How many bytes may be kept; above, writes are waited for. */
  readonly maxBufferedBytes: number;
}

interface Waiting {
  readonly room: string;
  readonly operations: readonly BatchOperation[];
  readonly bytes: number;
  readonly sync: boolean;
  settle(error?: Error): void;
}

/** A batch takes what waits, but no more than that many bytes, or one write. */
const BATCH_BYTES = 4 * 2 ** 20;

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #waiting: Waiting[] = [];
  /** Bytes that wait or are being written. */
  #bytes = 0;
  #isWriting = false;
  #timer: NodeJS.Timeout | undefined;
  /** Rooms of which a write failed: nothing behind it is done. */
  readonly #failed = new Map<string, Error>();

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the operations are written, or, buffered, at once.
   *
   * @param through it is waited for also where writes are buffered, and synced
   */
  add(
    room: string,
    operations: readonly BatchOperation[],
    bytes: number,
    sync: boolean,
    through: boolean,
  ): Promise<void> {
    const failed = this.#failed.get(room);
    if (failed !== undefined) return Promise.reject(failed);
    const { isBuffered, maxBufferedBytes, flushAfterMs } = this.#options;
    this.#bytes += bytes;
    const written = this.#push({ room, operations, bytes, sync });
    if (!isBuffered || through || this.#bytes > maxBufferedBytes) {
      this.#flush();
      return written;
    }
    written.catch(() => {}); // told by the next write of the room
    this.#timer ??= setTimeout(() => this.#flush(), flushAfterMs);
    return Promise.resolve();
  }

  /** Resolves when all that was asked for until now is written, or has failed. */
  async drain(): Promise<void> {
    if (this.#waiting.length === 0 && !this.#isWriting) return;
    const ended = this.#push({ room: "", operations: [], bytes: 0, sync: false });
    this.#flush();
    await ended;
  }

  /** The room begins anew from what is stored. */
  forgive(room: string): void {
    this.#failed.delete(room);
  }

  #push(write: Omit<Waiting, "settle">): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        ...write,
        settle: (error) => {
          if (error === undefined) resolve();
          else reject(error);
        },
      });
    });
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isWriting) return;
    this.#isWriting = true;
    // Not at once: what several rooms want stored in one turn is one batch.
    queueMicrotask(() => this.#write());
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const group = this.#take();
      const operations = group.flatMap((write) => write.operations);
      let failure: Error | undefined;
      try {
        if (operations.length > 0)
          await this.#options.commit(
            operations,
            group.some(({ sync }) => sync),
          );
      } catch (error) {
        failure = error as Error;
        for (const { room, operations } of group) if (operations.length > 0) this.#failed.set(room, failure);
      }
      for (const { bytes, operations, settle } of group) {
        this.#bytes -= bytes;
        settle(operations.length > 0 ? failure : undefined);
      }
    }
    this.#isWriting = false;
  }

  /** The writes of the next batch; those of a room that failed have failed with it. */
  #take(): Waiting[] {
    const group: Waiting[] = [];
    let bytes = 0;
    let taken = 0;
    for (const write of this.#waiting) {
      const failed = this.#failed.get(write.room);
      if (failed !== undefined) {
        this.#bytes -= write.bytes;
        write.settle(failed);
      } else {
        if (group.length > 0 && bytes + write.bytes > BATCH_BYTES) break;
        bytes += write.bytes;
        group.push(write);
      }
      taken++;
    }
    this.#waiting = this.#waiting.slice(taken);
    return group;
  }
}

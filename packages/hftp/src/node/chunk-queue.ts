/** A stream between a socket that pushes and an application that pulls, with a mark at which the pusher is held back. */

export interface ChunkQueueEvents {
  /** More is queued than the mark allows. */
  full(): void;
  /** Half of it was taken. */
  drained(): void;
  /** The application stopped before the end. */
  abandoned(): void;
}

export class ChunkQueue<Chunk> implements AsyncIterableIterator<Chunk> {
  readonly #highWater: number;
  readonly #weigh: (chunk: Chunk) => number;
  readonly #events: ChunkQueueEvents;
  #chunks: Chunk[] = [];
  #weight = 0;
  #full = false;
  #ended = false;
  #error: unknown;
  #failed = false;
  #wake: (() => void) | undefined;

  constructor(highWater: number, weigh: (chunk: Chunk) => number, events: ChunkQueueEvents) {
    this.#highWater = highWater;
    this.#weigh = weigh;
    this.#events = events;
  }

  push(chunk: Chunk): void {
    if (this.#ended) return;
    this.#chunks.push(chunk);
    this.#weight += this.#weigh(chunk);
    if (!this.#full && this.#weight > this.#highWater) {
      this.#full = true;
      this.#events.full();
    }
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** What is queued can still be taken; then the error is thrown. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#error = error;
    this.#failed = true;
    this.end();
  }

  async next(): Promise<IteratorResult<Chunk, undefined>> {
    while (this.#chunks.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    const chunk = this.#chunks.shift();
    if (chunk !== undefined) {
      this.#weight -= this.#weigh(chunk);
      this.#drain();
      return { value: chunk, done: false };
    }
    if (this.#failed) {
      this.#failed = false;
      throw this.#error;
    }
    return { value: undefined, done: true };
  }

  async return(): Promise<IteratorResult<Chunk, undefined>> {
    this.#chunks = [];
    this.#weight = 0;
    if (!this.#ended) {
      this.#ended = true;
      this.#events.abandoned();
    }
    this.#drain();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #drain(): void {
    if (!this.#full || this.#weight > this.#highWater / 2) return;
    this.#full = false;
    this.#events.drained();
  }
}

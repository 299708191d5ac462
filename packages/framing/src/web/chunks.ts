/** Where bytes come from: anything asynchronous (or not) that gives chunks, with a signal that interrupts the waiting. */

/** A Node stream, a Web `ReadableStream`, an async generator, an array of chunks. */
export type ChunkSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>;

export interface SignalOption {
  /** Aborts the waiting for the next chunk: what waits rejects with the signal's reason, and the source is closed. */
  readonly signal?: AbortSignal | undefined;
}

interface Pull {
  next(): Promise<IteratorResult<Uint8Array, unknown>> | IteratorResult<Uint8Array, unknown>;
  return?(): unknown;
}

/**
 * Reads a source chunk by chunk and closes it whenever reading stops early. One chunk is asked for at a time, and only
 * when it is wanted: a slow consumer holds the source back.
 */
export class ChunkReader {
  readonly #source: ChunkSource;
  readonly #signal: AbortSignal | undefined;
  #pull: Pull | undefined;
  #open = true;

  constructor(source: ChunkSource, signal: AbortSignal | undefined) {
    if (typeof source !== "object" || source === null) {
      throw new TypeError("source must be an async iterable, an iterable or a ReadableStream of Uint8Array chunks");
    }
    if (signal !== undefined && typeof signal.addEventListener !== "function") {
      throw new TypeError("signal must be an AbortSignal");
    }
    this.#source = source;
    this.#signal = signal;
  }

  /** The next chunk, or undefined at the end. Rejects with what the source throws, or with the signal's reason. */
  async next(): Promise<Uint8Array | undefined> {
    if (!this.#open) return undefined;
    const signal = this.#signal;
    try {
      signal?.throwIfAborted();
      this.#pull ??= open(this.#source);
      const pull = this.#pull;
      const result = await (signal === undefined ? pull.next() : interruptible(async () => await pull.next(), signal));
      if (result.done !== true) return result.value;
      this.#open = false;
      return undefined;
    } catch (error) {
      // Not awaited: a generator that still waits for its own source would answer only after that.
      if (signal?.aborted === true) void this.close().catch(() => {});
      this.#open = false;
      throw error;
    }
  }

  /** Tells the source that no more is wanted. Does nothing after its end. */
  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#pull ??= open(this.#source);
    await this.#pull.return?.();
  }
}

function open(source: ChunkSource): Pull {
  if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]() as Pull;
  if (Symbol.iterator in source) return source[Symbol.iterator]() as Pull;
  // Not every browser can iterate its streams.
  const reader = (source as ReadableStream<Uint8Array>).getReader();
  return {
    next: async () => (await reader.read()) as IteratorResult<Uint8Array, unknown>,
    return: async () => {
      await reader.cancel();
    },
  };
}

/** One listener per wait, taken away after it: a signal that outlives many waits must not collect them. */
function interruptible<T>(wait: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    wait()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}

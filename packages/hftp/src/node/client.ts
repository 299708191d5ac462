/** A client for applications: one connection, promises for answers, async iterables for files. */
import { ConnectionError, DownloadError, type HftpError, LocalProtocolError, ReplyError } from "../core/errors.js";
import { type NumberRule, resolveNumbers } from "../core/options.js";
import { encodeRequest, type Request, requestLine } from "../core/requests.js";
import { ChunkQueue } from "./chunk-queue.js";
import { Connection, type ConnectionOptions, type DeliveredOutput } from "./connection.js";

/** How an operation can be stopped. */
export interface OperationOptions {
  /** Stops the operation: it rejects with the signal's reason. One that was sent already costs the connection. */
  readonly signal?: AbortSignal | undefined;
}

export interface ClientOptions extends ConnectionOptions, OperationOptions {
  /** Bytes of a slice or listing that may wait for the application before reading stops. Default 1 MiB. */
  readonly highWaterBytes?: number | undefined;
}

export interface SliceOptions extends OperationOptions {
  /** First byte. Default 0. */
  readonly offset?: number | undefined;
  /** Bytes to fetch, in one request. */
  readonly size: number;
  /** Ask for raw bytes instead of base64: ask help() first whether the server is of 2026. Default false (H36). */
  readonly raw?: boolean | undefined;
}

export interface ReadOptions extends OperationOptions {
  /** First byte. Default 0. */
  readonly offset?: number | undefined;
  /** Bytes to read. Default: all up to the end, as stat() tells it. */
  readonly size?: number | undefined;
  /** As in slice(). Default false. */
  readonly raw?: boolean | undefined;
  /** Bytes asked for in one request. Default 4 MiB. */
  readonly sliceBytes?: number | undefined;
}

interface Waiting {
  readonly request: Request;
  readonly take?: (output: DeliveredOutput) => void;
  readonly resolve: (reply: CompleteReply) => void;
  readonly reject: (error: unknown) => void;
}

type CompleteReply = Extract<DeliveredOutput, { readonly type: "reply" }>;

const highWater: NumberRule = { default: 2 ** 20, min: 1, max: 2 ** 40 };
const slices: NumberRule = { default: 4 * 2 ** 20, min: 1, max: 2 ** 40 };
const names: NumberRule = { default: 100_000, min: 0, max: 2 ** 30 };

export class HftpClient implements AsyncDisposable {
  readonly #connection: Connection;
  readonly #highWaterBytes: number;
  readonly #waiting: Map<number, Waiting> = new Map();
  #nextId = 1;
  #failure: HftpError | undefined;
  #connected: { readonly resolve: () => void; readonly reject: (error: unknown) => void } | undefined;
  readonly #ready: Promise<void>;
  #closed: (() => void) | undefined;
  readonly #over: Promise<void>;

  /**
   * Connects to a server.
   * @throws TypeError or RangeError for a wrong option; ConnectionError `CONNECT_FAILED` or `TIMEOUT`; the signal's reason
   */
  static async connect(options: ClientOptions = {}): Promise<HftpClient> {
    const { signal } = options;
    signal?.throwIfAborted();
    const client = new HftpClient(options);
    const abort = (): void => {
      client.#connected?.reject(signal?.reason);
      client.close();
    };
    signal?.addEventListener("abort", abort, { once: true });
    try {
      await client.#ready;
      return client;
    } finally {
      signal?.removeEventListener("abort", abort);
    }
  }

  private constructor(options: ClientOptions) {
    const { highWaterBytes, signal: _, ...connection } = options;
    this.#highWaterBytes = resolveNumbers({ highWaterBytes }, { highWaterBytes: highWater }).highWaterBytes;
    this.#ready = new Promise((resolve, reject) => {
      this.#connected = { resolve, reject };
    });
    this.#ready.catch(() => {});
    this.#over = new Promise((resolve) => {
      this.#closed = resolve;
    });
    this.#connection = new Connection(connection, {
      connected: () => this.#connected?.resolve(),
      output: (output) => this.#output(output),
      lost: (error) => this.#lost(error),
    });
  }

  /** Whether another request can be answered; if not, connect anew. */
  get usable(): boolean {
    return this.#connection.usable;
  }

  /** What went wrong on the connection; undefined while it is usable, and where it ended in good order. */
  get failure(): HftpError | undefined {
    return this.#failure;
  }

  /**
   * The names of the served files, as they come. They are text of the server's: show them, never use them as paths (H37).
   * @throws ReplyError, ConnectionError, RemoteProtocolError, or the signal's reason, while iterating
   */
  list(options: OperationOptions = {}): AsyncIterableIterator<string> {
    const weigh = (name: string): number => name.length + 2;
    return this.#stream<string>({ type: "get_file_listing" }, options.signal, weigh, (output, queue) => {
      if (output.type === "names") for (const name of output.names) queue.push(name);
    });
  }

  /**
   * The names of the served files in an array of at most `maxNames` (default 100,000).
   * @throws as list(), and LocalProtocolError `TOO_MANY_NAMES`
   */
  async names(options: OperationOptions & { readonly maxNames?: number | undefined } = {}): Promise<string[]> {
    const { maxNames } = resolveNumbers({ maxNames: options.maxNames }, { maxNames: names });
    const all: string[] = [];
    for await (const name of this.list(options)) {
      if (all.length === maxNames) {
        throw new LocalProtocolError("TOO_MANY_NAMES", `the server lists more than ${maxNames} names (maxNames)`);
      }
      all.push(name);
    }
    return all;
  }

  /**
   * The size of a file in bytes.
   * @throws ReplyError (`STATUS_202`: there is none), ConnectionError, RemoteProtocolError, LocalProtocolError
   * (`INVALID_REQUEST`: no such name can be asked for), or the signal's reason
   */
  async stat(name: string, options: OperationOptions = {}): Promise<{ readonly size: number }> {
    const { size = 0 } = await this.#ask({ type: "get_metadata", name }, options.signal);
    return { size };
  }

  /**
   * Bytes offset..offset+size-1 of a file, in one request. Reading stops while the application is slow. Leaving the loop
   * early closes the connection, since the rest of the reply cannot be called off.
   * @throws as stat(), while iterating; ReplyError `STATUS_203` where the file is shorter
   */
  slice(name: string, options: SliceOptions): AsyncIterableIterator<Uint8Array> {
    const { offset = 0, size, raw = false, signal } = options;
    const request: Request = { type: "get_slice", name, offset, size, raw };
    const weigh = (chunk: Uint8Array): number => chunk.length;
    return this.#stream<Uint8Array>(request, signal, weigh, (output, queue) => {
      if (output.type === "data") queue.push(output.chunk);
    });
  }

  /**
   * A file, or a part of it, slice after slice; never more than about `highWaterBytes` of it in memory.
   * @throws as slice(); DownloadError `SIZE_CHANGED` where the file got shorter meanwhile
   */
  async *read(name: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
    const { offset = 0, raw, signal } = options;
    const { sliceBytes } = resolveNumbers({ sliceBytes: options.sliceBytes }, { sliceBytes: slices });
    const end = options.size === undefined ? (await this.stat(name, { signal })).size : offset + options.size;
    for (let at = offset; at < end; at += sliceBytes) {
      const size = Math.min(sliceBytes, end - at);
      try {
        yield* this.slice(name, { offset: at, size, raw, signal });
      } catch (error) {
        if (!(error instanceof ReplyError && error.status === 203 && options.size === undefined)) throw error;
        throw new DownloadError("SIZE_CHANGED", `${name} changed while it was read`, { cause: error });
      }
    }
  }

  /** The commands that the server knows; servers before 2026 refuse. @throws as stat() */
  async help(options: OperationOptions = {}): Promise<readonly string[]> {
    return (await this.#ask({ type: "help" }, options.signal)).commands ?? [];
  }

  /** Asks to quit, and waits until the server has closed the connection or lingerTimeoutMs have passed. */
  async quit(options: OperationOptions = {}): Promise<void> {
    await this.#ask({ type: "quit" }, options.signal);
    await this.#over;
  }

  /** Drops the connection at once; what waits is rejected. */
  close(): void {
    this.#connection.destroy();
  }

  /** Drops the connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#over;
  }

  async #ask(request: Request, signal: AbortSignal | undefined): Promise<CompleteReply> {
    return await this.#send(request, signal);
  }

  #send(
    request: Request,
    signal: AbortSignal | undefined,
    take?: (output: DeliveredOutput) => void,
  ): Promise<CompleteReply> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      encodeRequest(request); // throws before anything is sent
      const id = this.#nextId++;
      const abort = (): void => {
        this.#waiting.delete(id);
        reject(signal?.reason);
        this.close();
      };
      signal?.addEventListener("abort", abort, { once: true });
      const settled = (): void => signal?.removeEventListener("abort", abort);
      this.#waiting.set(id, {
        request,
        ...(take === undefined ? {} : { take }),
        resolve: (reply) => {
          settled();
          resolve(reply);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      this.#connection.request(id, request);
    });
  }

  #stream<Chunk>(
    request: Request,
    signal: AbortSignal | undefined,
    weigh: (chunk: Chunk) => number,
    take: (output: DeliveredOutput, queue: ChunkQueue<Chunk>) => void,
  ): AsyncIterableIterator<Chunk> {
    const queue = new ChunkQueue<Chunk>(this.#highWaterBytes, weigh, {
      full: () => this.#connection.pause(),
      drained: () => this.#connection.resume(),
      abandoned: () => this.close(),
    });
    this.#send(request, signal, (output) => take(output, queue)).then(
      () => queue.end(),
      (error: unknown) => queue.fail(error),
    );
    return queue;
  }

  #output(output: DeliveredOutput): void {
    const waiting = this.#waiting.get(output.id);
    if (waiting === undefined) return;
    if (output.type === "names" || output.type === "data") return waiting.take?.(output);
    this.#waiting.delete(output.id);
    if (output.type === "failed") waiting.reject(output.error);
    else if (output.code === 0) waiting.resolve(output);
    else waiting.reject(new ReplyError(output.code, output.text, requestLine(waiting.request)));
  }

  #lost(error: HftpError | undefined): void {
    this.#failure = error;
    this.#connected?.reject(error ?? new ConnectionError("CLOSED", "the connection was closed"));
    this.#closed?.();
  }
}

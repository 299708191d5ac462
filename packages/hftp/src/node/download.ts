/** Downloads a file: drives a Download over connections and files, decides nothing. */
import { randomBytes } from "node:crypto";
import { resolve as resolvePath } from "node:path";
import { Download } from "../core/download.js";
import type {
  DownloadInput,
  DownloadMachineOptions,
  DownloadNotice,
  DownloadOutput,
} from "../core/download-messages.js";
import { ConnectionError } from "../core/errors.js";
import { Connection, type ConnectionOptions } from "./connection.js";
import { PartFile } from "./part-file.js";

export interface DownloadProgress {
  /** Bytes that are in the `.part` file. */
  readonly bytes: number;
  /** Size of the file. */
  readonly size: number;
}

export interface DownloadOptions extends Omit<ConnectionOptions, "maxPipelined">, DownloadMachineOptions {
  /** Where the file goes. While it is fetched, `<to>.part`, `<to>.part.json` and `<to>.part.lock` stand beside it. */
  readonly to: string;
  /** Stops the download: it fails with `ABORTED`, and can be resumed. */
  readonly signal?: AbortSignal | undefined;
  /** Is told after every write. */
  readonly onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** Is told what went wrong and was mended. */
  readonly onNotice?: ((notice: DownloadNotice) => void) | undefined;
}

export interface DownloadResult {
  readonly bytes: number;
  /** Of the whole file as it stands on the disk: 64 lower-case hexadecimal digits. */
  readonly sha256: string;
  /** From the call to the end, in milliseconds. */
  readonly ms: number;
  /** Absolute path of the file. */
  readonly path: string;
}

/**
 * Fetches a file into `to`. Nothing stands under that name before the file is whole, its size was asked for again, its
 * digest was compared with `expect` (where given), and it is on the disk. On a failure `.part` and state file are kept
 * where `resume` can go on with them, and removed otherwise. Only `expect` proves that the bytes are the right ones.
 * @throws TypeError or RangeError for a wrong option; DownloadError `EXISTS`, `IN_USE`, `SIZE_CHANGED`,
 * `DIGEST_MISMATCH`, `RETRIES_EXHAUSTED`, `FILE_ERROR`, `ABORTED` (with the signal's reason as its cause); ReplyError, ConnectionError or
 * RemoteProtocolError where the first contact fails
 */
export async function download(options: DownloadOptions): Promise<DownloadResult> {
  if (typeof options.to !== "string" || options.to === "") throw new TypeError("to must be the path of a file");
  const began = performance.now();
  const { name, raw, resume, overwrite, expect, parallel, pipeline, sliceBytes, verifyBytes, writeBytes } = options;
  const { maxPendingWriteBytes, maxRetries, retryDelayMs, maxRetryDelayMs, saveIntervalMs } = options;
  const counts = { parallel, pipeline, sliceBytes, verifyBytes, writeBytes, maxPendingWriteBytes, maxRetries };
  const times = { retryDelayMs, maxRetryDelayMs, saveIntervalMs };
  const machine = new Download({ name, raw, resume, overwrite, expect, ...counts, ...times }, (length) =>
    randomBytes(length),
  );
  const path = resolvePath(options.to);
  const { bytes, sha256 } = await new DownloadDriver(machine, options, new PartFile(path)).run();
  return { bytes, sha256, ms: performance.now() - began, path };
}

type Finished = Extract<DownloadOutput, { readonly type: "finished" }>;

class DownloadDriver {
  readonly #machine: Download;
  readonly #options: DownloadOptions;
  readonly #file: PartFile;
  readonly #connections: Map<number, Connection> = new Map();
  readonly #inputs: DownloadInput[] = [];
  readonly #cancel: AbortController = new AbortController();
  #handling = false;
  #thrown: { readonly error: unknown } | undefined;
  #timer: NodeJS.Timeout | undefined;
  #resolve: ((finished: Finished) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  constructor(machine: Download, options: DownloadOptions, file: PartFile) {
    this.#machine = machine;
    this.#options = options;
    this.#file = file;
  }

  async run(): Promise<Finished> {
    const { signal } = this.#options;
    const abort = (): void => this.#input({ type: "abort", reason: signal?.reason });
    try {
      return await new Promise<Finished>((resolve, reject) => {
        this.#resolve = resolve;
        this.#reject = reject;
        this.#input({ type: "start" });
        if (signal?.aborted === true) abort();
        else signal?.addEventListener("abort", abort, { once: true });
      });
    } finally {
      signal?.removeEventListener("abort", abort);
      clearTimeout(this.#timer);
      for (const connection of this.#connections.values()) connection.destroy();
      await this.#file.unlock();
    }
  }

  #input(input: DownloadInput): void {
    this.#inputs.push(input);
    if (this.#handling) return;
    this.#handling = true;
    for (let next = this.#inputs.shift(); next !== undefined; next = this.#inputs.shift()) this.#handle(next);
    this.#handling = false;
    this.#arm();
  }

  /** What throws here is a wrong option of a connection or a callback of the application: the download ends with it. */
  #handle(input: DownloadInput): void {
    try {
      for (const output of this.#machine.handle(performance.now(), input)) this.#perform(output);
    } catch (error) {
      if (this.#thrown !== undefined) return;
      this.#thrown = { error };
      this.#inputs.push({ type: "abort", reason: error });
    }
  }

  #perform(output: DownloadOutput): void {
    switch (output.type) {
      case "connect":
        return this.#connect(output.connection);
      case "ask":
        return this.#connections.get(output.connection)?.request(output.id, output.request);
      case "drop": {
        const connection = this.#connections.get(output.connection);
        this.#connections.delete(output.connection);
        return connection?.destroy();
      }
      case "quit":
        return this.#connections.get(output.connection)?.request(0, { type: "quit" });
      case "pause":
        return this.#connections.get(output.connection)?.pause();
      case "resume":
        return this.#connections.get(output.connection)?.resume();
      case "cancel":
        return this.#cancel.abort();
      case "progress":
        return this.#options.onProgress?.({ bytes: output.bytes, size: output.size });
      case "notice":
        return this.#options.onNotice?.(output.notice);
      case "finished":
        return this.#resolve?.(output);
      case "failed":
        return this.#reject?.(this.#thrown === undefined ? output.error : this.#thrown.error);
      default:
        this.#effect(output).then(
          (result) => this.#input(result),
          (error: Error) => this.#input({ type: "effectFailed", id: output.id, error }),
        );
    }
  }

  #connect(number: number): void {
    const { pipeline, host, port, tls, ca, onTranscript, connectTimeoutMs, replyTimeoutMs } = this.#options;
    const { lingerTimeoutMs, maxQueuedRequests, maxReplyLineBytes, maxListingBytes } = this.#options;
    const limits = { connectTimeoutMs, replyTimeoutMs, lingerTimeoutMs, maxReplyLineBytes, maxListingBytes };
    const connection = new Connection(
      { host, port, tls, ca, onTranscript, ...limits, maxQueuedRequests, maxPipelined: pipeline },
      {
        output: (output) => {
          if (output.type === "data" || output.type === "reply") this.#input({ ...output, connection: number });
        },
        lost: (error = new ConnectionError("CLOSED", "the server closed the connection")) =>
          this.#input({ type: "lost", connection: number, error }),
      },
      number,
    );
    this.#connections.set(number, connection);
  }

  async #effect(
    effect: Extract<DownloadOutput, { readonly id: number; readonly connection?: never }>,
  ): Promise<DownloadInput> {
    const { id } = effect;
    switch (effect.type) {
      case "inspect":
        return { type: "inspected", id, ...(await this.#file.inspect()) };
      case "openPart":
        await this.#file.openPart();
        break;
      case "createPart":
        await this.#file.createPart();
        break;
      case "write":
        await this.#file.write(effect.offset, effect.chunks);
        break;
      case "readPart":
        return { type: "read", id, bytes: await this.#file.read(effect.offset, effect.length) };
      case "saveState":
        await this.#file.saveState(effect.text);
        break;
      case "digest":
        return { type: "digested", id, ...(await this.#file.digest(this.#cancel.signal)) };
      case "publish":
        return { type: await this.#file.publish(effect.overwrite), id };
      case "closePart":
        await this.#file.closePart(effect.keep);
        break;
    }
    return { type: "done", id };
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const deadline = this.#machine.nextDeadline();
    if (deadline === undefined) return;
    const wait = Math.max(0, Math.ceil(deadline - performance.now()));
    this.#timer = setTimeout(() => this.#input({ type: "tick" }), wait);
  }
}

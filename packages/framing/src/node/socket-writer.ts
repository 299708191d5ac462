import type { Duplex } from "node:stream";
import { FrameEncoder, type FrameEncoderOptions } from "../core/encoder.js";
import { ConnectionError, LocalProtocolError } from "../core/errors.js";

const DONE: Promise<void> = Promise.resolve();

interface Waiter {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * The writing half of a FramedSocket: joins the frames of one turn of the event loop into slabs, and makes the writer
 * wait while the socket is full.
 */
export class SocketWriter {
  readonly #socket: Duplex;
  readonly #encoder: FrameEncoder;
  #isScheduled = false;
  #needsDrain = false;
  /** What everyone who waits for room waits for. */
  #room: Waiter | undefined;
  #refusal: Error | undefined;
  #ended: Promise<void> | undefined;

  constructor(socket: Duplex, options: FrameEncoderOptions) {
    this.#socket = socket;
    this.#encoder = new FrameEncoder(options);
    socket.on("drain", this.#onDrain);
  }

  write(payload: Uint8Array): Promise<void> {
    try {
      return this.#add(payload) ? DONE : this.#waitForRoom();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async writeMany(payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    if (Symbol.asyncIterator in payloads) {
      for await (const payload of payloads) if (!this.#add(payload)) await this.#waitForRoom();
    } else {
      for (const payload of payloads) if (!this.#add(payload)) await this.#waitForRoom();
    }
  }

  end(): Promise<void> {
    this.#ended ??= this.#end();
    return this.#ended;
  }

  /** Every waiting and later write rejects with this. */
  fail(error: Error): void {
    this.#refusal ??= error;
    this.#room?.reject(error);
    this.#room = undefined;
  }

  /** Sends what is pending and lets go of the socket. */
  detach(): void {
    this.#flush();
    this.#socket.off("drain", this.#onDrain);
    this.fail(new LocalProtocolError("TAKEN_OVER", "rest() gave the socket away"));
  }

  /** Encodes one frame; false where the writer should wait. */
  #add(payload: Uint8Array): boolean {
    if (this.#refusal !== undefined) throw this.#refusal;
    const encoder = this.#encoder;
    encoder.add(payload);
    if (this.#needsDrain) return false;
    if (encoder.pendingBytes >= encoder.slabBytes) {
      this.#flush();
      return !this.#needsDrain;
    }
    if (!this.#isScheduled) {
      this.#isScheduled = true;
      // After the promises of this turn: a loop that awaits each write still fills a slab.
      process.nextTick(this.#onTick);
    }
    return true;
  }

  #waitForRoom(): Promise<void> {
    if (this.#room === undefined) {
      let resolve: () => void = () => {};
      let reject: (error: Error) => void = () => {};
      const promise = new Promise<void>((onDone, onError) => {
        resolve = onDone;
        reject = onError;
      });
      promise.catch(() => {}); // a writer that does not wait hears of the failure when it reads, or writes again
      this.#room = { promise, resolve, reject };
    }
    return this.#room.promise;
  }

  readonly #onTick = (): void => {
    this.#isScheduled = false;
    if (!this.#needsDrain) this.#flush();
  };

  readonly #onDrain = (): void => {
    this.#needsDrain = false;
    this.#flush();
    if (this.#needsDrain) return;
    this.#room?.resolve();
    this.#room = undefined;
  };

  #flush(): void {
    const chunks = this.#encoder.take();
    if (chunks.length === 0) return;
    if (this.#socket.destroyed || this.#socket.writableEnded) {
      this.fail(new ConnectionError("CONNECTION_FAILED", "the writing side of the connection has ended"));
      return;
    }
    if (chunks.length > 1) this.#socket.cork();
    for (const chunk of chunks) this.#needsDrain = !this.#socket.write(chunk);
    if (chunks.length > 1) this.#socket.uncork();
  }

  #end(): Promise<void> {
    if (this.#refusal === undefined) this.#flush();
    const earlier = this.#refusal;
    this.#room?.resolve(); // their frames were taken, and are sent before the end
    this.#room = undefined;
    this.fail(new LocalProtocolError("CLOSED", "the writing side was ended"));
    const socket = this.#socket;
    const ended = new Promise<void>((resolve, reject) => {
      if (earlier !== undefined && socket.destroyed) reject(earlier);
      else if (socket.writableFinished) resolve();
      // Node calls nobody back who ends a stream that was destroyed.
      else if (socket.destroyed) reject(new ConnectionError("CONNECTION_FAILED", "the connection is closed"));
      else socket.end((error?: Error | null) => (error ? reject(error) : resolve()));
    });
    ended.catch(() => {});
    return ended;
  }
}

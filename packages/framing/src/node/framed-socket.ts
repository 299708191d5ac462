import type { Duplex } from "node:stream";
import { FrameDecoder, type FrameDecoderOptions } from "../core/decoder.js";
import type { FrameEncoderOptions } from "../core/encoder.js";
import { ConnectionError, LocalProtocolError } from "../core/errors.js";
import { wholeNumber } from "../core/options.js";
import { checkNodeLimit } from "./limits.js";
import { SocketWriter } from "./socket-writer.js";

export interface FramedSocketOptions extends FrameDecoderOptions, FrameEncoderOptions {
  /**
   * How long `close()` waits, in milliseconds, for the peer to take what was written and to end its side. Default
   * 5,000; from 0 to 2^31-1. The socket is destroyed after it.
   */
  readonly closeTimeoutMs?: number | undefined;
}

export interface ReadOptions {
  /** Aborts this wait alone; no frame is lost, and the next `read()` continues where this one was. */
  readonly signal?: AbortSignal | undefined;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Frames over a socket (a `net.Socket`, a `tls.TLSSocket`, any Duplex of bytes): `await read()`, `await write(payload)`.
 *
 * Reads only while a `read()` waits, so that a slow reader holds the peer back; writes frames in slabs, and honours
 * `drain`. It owns the socket until `rest()` gives it back or `close()` ends it.
 */
export class FramedSocket implements AsyncDisposable, AsyncIterable<Uint8Array> {
  readonly socket: Duplex;
  readonly #decoder: FrameDecoder;
  readonly #writer: SocketWriter;
  readonly #closeTimeoutMs: number;
  /** The peer has ended; frames of it may still be unread. */
  #hasEnded = false;
  /** All frames were read, and the end was clean. */
  #isDone = false;
  #failure: Error | undefined;
  #state: "open" | "closing" | "taken" = "open";
  #waiter: Waiter | undefined;
  #closed: Promise<void> | undefined;

  /**
   * Takes the socket over; no bytes may have been read ahead of it by others, unless they are given to `unshift()`.
   * @throws TypeError or RangeError for a wrong option; they name it and the accepted range.
   */
  constructor(socket: Duplex, options: FramedSocketOptions = {}) {
    checkNodeLimit(options);
    this.#closeTimeoutMs = wholeNumber("closeTimeoutMs", options.closeTimeoutMs, 5_000, 0, 2 ** 31 - 1);
    this.#decoder = new FrameDecoder(options);
    this.#writer = new SocketWriter(socket, options);
    this.socket = socket;
    socket.pause();
    socket.on("data", this.#onData);
    socket.on("end", this.#onEnd);
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    if (socket.destroyed) this.#onClose();
  }

  /**
   * The next frame, or `undefined` where the peer ended on a frame boundary.
   * @throws (rejects) RemoteProtocolError for what the peer broke, after the frames before it; ConnectionError where the
   * connection failed; the signal's reason; LocalProtocolError `READ_PENDING` during another read, `CLOSED` after
   * `close()`, `TAKEN_OVER` after `rest()`.
   */
  async read(options: ReadOptions = {}): Promise<Uint8Array | undefined> {
    this.#beginRead(options.signal);
    for (;;) {
      if (this.#isDone) return undefined;
      const frame = this.#decoder.next();
      if (frame !== undefined) return frame;
      if (this.#isAtEnd()) return undefined;
      await this.#more(options.signal);
    }
  }

  /**
   * Every frame that has come, at least one, or `undefined` where the peer ended on a frame boundary. Far faster than
   * `read()` when frames are small. For a take-over use `read()`: a batch may reach past the last frame that you want.
   * @throws (rejects) as `read()` does.
   */
  async readBatch(options: ReadOptions = {}): Promise<Uint8Array[] | undefined> {
    this.#beginRead(options.signal);
    for (;;) {
      if (this.#isDone) return undefined;
      const frames = this.#decoder.push(NOTHING); // what was fed; an error waits for the next call
      if (frames.length > 0) return frames;
      if (this.#decoder.error !== undefined) throw this.#decoder.error;
      if (this.#isAtEnd()) return undefined;
      await this.#more(options.signal);
    }
  }

  /** The frames until the peer ends; leaving the loop leaves the socket open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const frames = await this.readBatch();
      if (frames === undefined) return;
      for (const frame of frames) yield frame;
    }
  }

  /**
   * Writes one frame. Resolves at once while there is room, else when the socket has drained: awaiting it is what keeps
   * memory bounded. Frames of one turn of the event loop leave together. A payload below `referenceFromBytes` may be
   * reused at once; a larger one must not change until `close()` or `end()` has resolved.
   * @throws (rejects) LocalFrameTooLargeError, TypeError where the payload is no Uint8Array, LocalProtocolError `CLOSED`
   * or `TAKEN_OVER`, ConnectionError where the connection failed.
   */
  write(payload: Uint8Array): Promise<void> {
    return this.#writer.write(payload);
  }

  /**
   * Writes the payloads of an iterable, asking for the next one only when there is room.
   * @throws (rejects) as `write()` does, and with what the iterable throws.
   */
  async writeMany(payloads: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): Promise<void> {
    await this.#writer.writeMany(payloads);
  }

  /**
   * Ends the writing side: the peer sees the end after the last frame. Reading goes on. Resolves when all is handed to
   * the operating system. For the peer to answer after that, its socket must have `allowHalfOpen: true`: by default Node
   * ends a socket when its peer has.
   * @throws (rejects) ConnectionError where the connection failed before.
   */
  end(): Promise<void> {
    return this.#writer.end();
  }

  /**
   * Ends the connection in order: writes what is pending, ends, drops what still comes until the peer ends too, at most
   * `closeTimeoutMs`, and destroys the socket. A read that waits rejects with `CLOSED`. Never rejects; may be called again.
   */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Gives the socket back, for another protocol to take over: the bytes that were received after the last frame read.
   * More may wait in `socket` itself, which is paused: `socket.on("data", ...)`, then `socket.resume()`. Frames written
   * before are sent first.
   * @throws LocalProtocolError `READ_PENDING` during a read, `CLOSED` after `close()`.
   */
  rest(): Uint8Array {
    if (this.#waiter !== undefined) throw readPending();
    if (this.#state === "closing") throw isClosed();
    this.#state = "taken";
    this.#writer.detach();
    this.socket.off("data", this.#onData);
    this.socket.off("end", this.#onEnd);
    this.socket.off("error", this.#onError);
    this.socket.off("close", this.#onClose);
    return this.#decoder.rest();
  }

  readonly #onData = (chunk: Uint8Array): void => {
    if (this.#state === "closing") return;
    this.socket.pause();
    try {
      this.#decoder.feed(chunk);
      this.#wake();
    } catch (error) {
      this.#fail(error as Error);
    }
  };

  readonly #onEnd = (): void => {
    this.#hasEnded = true;
    this.#wake();
  };

  readonly #onError = (cause: Error): void => {
    this.#fail(new ConnectionError("CONNECTION_FAILED", `the connection failed: ${cause.message}`, { cause }));
  };

  readonly #onClose = (): void => {
    if (!this.#hasEnded)
      this.#fail(new ConnectionError("CONNECTION_FAILED", "the connection was closed without an end"));
    else this.#writer.fail(new ConnectionError("CONNECTION_FAILED", "the connection is closed"));
  };

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#writer.fail(this.#failure);
    this.#wake();
  }

  #beginRead(signal: AbortSignal | undefined): void {
    if (this.#waiter !== undefined) throw readPending();
    if (this.#state === "closing") throw isClosed();
    signal?.throwIfAborted();
  }

  #isAtEnd(): boolean {
    if (this.#hasEnded) {
      this.#decoder.end();
      this.#isDone = true;
      return true;
    }
    if (this.#failure !== undefined) throw this.#failure;
    return false;
  }

  async #more(signal: AbortSignal | undefined): Promise<void> {
    const abort = (): void => this.#waiter?.reject(signal?.reason);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiter = { resolve, reject };
        signal?.addEventListener("abort", abort, { once: true });
        this.socket.resume();
      });
    } finally {
      this.#waiter = undefined;
      signal?.removeEventListener("abort", abort);
      if (this.#state === "open") this.socket.pause();
    }
  }

  #wake(): void {
    this.#waiter?.resolve();
  }

  async #close(): Promise<void> {
    if (this.#state === "taken") return;
    this.#state = "closing";
    this.#waiter?.reject(isClosed());
    const { socket } = this;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#closeTimeoutMs);
    });
    const ended = new Promise<void>((resolve) => {
      if (this.#hasEnded || socket.destroyed) resolve();
      socket.once("end", resolve);
      socket.once("close", resolve);
    });
    socket.resume(); // what still comes is dropped: unread bytes would make the system reset the connection
    await Promise.race([late, Promise.all([this.#writer.end().catch(() => {}), ended])]);
    clearTimeout(timer);
    socket.destroy();
  }
}

const NOTHING = new Uint8Array(0);

function readPending(): LocalProtocolError {
  return new LocalProtocolError("READ_PENDING", "another read() is waiting: one at a time");
}

function isClosed(): LocalProtocolError {
  return new LocalProtocolError("CLOSED", "close() was called");
}

/** One connection of wire v1 (R9): what is said on it, and what comes, one after another and each within its time. */
import type { Dialect } from "../core/first-bytes.js";
import type { HostAddress } from "../core/plan.js";
import { encodeV1, V1Decoder, type V1Event, type V1Limits, type V1Message } from "../core/v1-codec.js";
import { HostSocket } from "./host-socket.js";

export interface V1Bounds extends V1Limits {
  readonly dialect: Dialect;
  readonly connectMs: number;
  /** Without progress. */
  readonly idleMs: number;
}

/** What came and was not taken: then nothing more is read. */
const MAX_WAITING = 64;

/** Something did not happen in its time. */
export class LateError extends Error {}

export class V1Connection {
  readonly #bounds: V1Bounds;
  readonly #socket: HostSocket;
  readonly #decoder: V1Decoder;
  readonly #signal: AbortSignal;
  readonly #events: V1Event[] = [];
  #isConnected = false;
  #isFull = false;
  #isPaused = false;
  #error: Error | undefined;
  /** Something happened that somebody waits for. */
  #wake: (() => void) | undefined;

  /** Begins to connect. `signal` ends it. */
  constructor(address: HostAddress, bounds: V1Bounds, signal: AbortSignal) {
    this.#bounds = bounds;
    this.#signal = signal;
    this.#decoder = new V1Decoder(bounds.dialect, "server", bounds);
    this.#socket = new HostSocket(address, undefined, {
      connected: () => {
        this.#isConnected = true;
        this.#wake?.();
      },
      data: (bytes) => this.#data(bytes),
      full: () => {
        this.#isFull = true;
      },
      drained: () => {
        this.#isFull = false;
        this.#wake?.();
      },
      closed: (why) => this.#fail(new Error(this.#isConnected ? `it ended the connection too early: ${why}` : why)),
    });
    signal.addEventListener("abort", this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  /** @throws where there is no connection within its time */
  async connected(): Promise<void> {
    await this.#until(() => this.#isConnected, this.#bounds.connectMs, "no connection");
  }

  /** Resolves when more may be sent. @throws where the connection is gone, or nothing is taken */
  async send(bytes: Uint8Array): Promise<void> {
    if (this.#error !== undefined) throw this.#error;
    this.#socket.send(bytes);
    this.#socket.flush();
    await this.#until(() => !this.#isFull, this.#bounds.idleMs, "it takes nothing more");
  }

  say(message: V1Message): Promise<void> {
    return this.send(encodeV1(this.#bounds.dialect, message));
  }

  /** What comes next, in so many milliseconds. @throws where nothing does, or it is not v1 */
  async next(withinMs: number = this.#bounds.idleMs): Promise<V1Event> {
    await this.#until(() => this.#events.length > 0, withinMs, "no answer");
    const event = this.#events.shift() as V1Event;
    if (this.#isPaused && this.#events.length === 0) {
      this.#isPaused = false;
      this.#socket.resume();
    }
    return event;
  }

  /** An answer whose last message is whole. @throws where something follows it */
  finish(): void {
    if (!this.#decoder.isDone || this.#events.length > 0) throw this.#error ?? new Error("it says more than an answer");
  }

  /** Resolves when nothing of it is left. */
  async close(): Promise<void> {
    this.#signal.removeEventListener("abort", this.#abort);
    this.#socket.destroy();
    await this.#socket.gone;
  }

  readonly #abort = (): void => this.#fail(new Error("it was cancelled"));

  #data(bytes: Uint8Array): void {
    try {
      for (const event of this.#decoder.read(bytes)) this.#events.push(event);
    } catch (error) {
      this.#fail(new Error(`it broke the protocol: ${(error as Error).message}`, { cause: error }));
    }
    if (this.#events.length > MAX_WAITING && !this.#isPaused) {
      this.#isPaused = true;
      this.#socket.pause();
    }
    this.#wake?.();
  }

  #fail(error: Error): void {
    this.#error ??= error;
    this.#socket.destroy();
    this.#wake?.();
  }

  /** What came before the end still counts. */
  async #until(isSo: () => boolean, withinMs: number, what: string): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      while (!isSo()) {
        if (this.#error !== undefined) throw this.#error;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          timer ??= setTimeout(() => this.#fail(new LateError(`${what} within ${withinMs} ms`)), withinMs);
        });
      }
    } finally {
      clearTimeout(timer);
      this.#wake = undefined;
    }
  }
}

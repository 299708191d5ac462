/** One socket of a server: what is written to it, whether it is full, and its end. */
import type { Socket } from "node:net";

export interface ServerConnectionEvents {
  data(connection: ServerConnection, bytes: Uint8Array): void;
  /** All that was written has been taken, after it was full. */
  drained(connection: ServerConnection): void;
  /** The peer ended it, or it broke. Told once, and not after `end`. */
  closed(connection: ServerConnection): void;
}

export class ServerConnection {
  /** Its number on this server, from 1. */
  readonly number: number;
  /** Address and port of the peer. */
  readonly peer: string;
  /** More than the high-water mark waits to be sent (B18). */
  isFull = false;
  /** Nothing came of it. */
  isNew = true;
  readonly #socket: Socket;
  readonly #highWaterBytes: number;
  readonly #lingerMs: number;
  readonly #events: ServerConnectionEvents;
  #isOver = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    number: number,
    socket: Socket,
    { highWaterBytes, lingerMs }: { readonly highWaterBytes: number; readonly lingerMs: number },
    events: ServerConnectionEvents,
  ) {
    this.number = number;
    this.#socket = socket;
    this.peer = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
    // A TLS socket has a mark of its own, and tells of having drained above that alone.
    this.#highWaterBytes = Math.max(highWaterBytes, socket.writableHighWaterMark);
    this.#lingerMs = lingerMs;
    this.#events = events;
    socket
      .on("data", this.#take)
      .on("drain", () => this.#drained())
      .on("error", () => {}) // "close" follows
      .on("end", () => this.#gone())
      .on("close", () => {
        clearTimeout(this.#timer);
        this.#gone();
      });
  }

  /** Whether the connection became full by this. The bytes are not copied. */
  write(bytes: Uint8Array): boolean {
    const socket = this.#socket;
    if (this.#isOver || socket.write(bytes)) return false;
    if (this.isFull || socket.writableLength < this.#highWaterBytes) return false;
    this.isFull = true;
    return true;
  }

  /** What is written until `uncork` leaves together: who published hears the BATCH and its PUBACK in one read. */
  cork(): void {
    this.#socket.cork();
  }

  uncork(): void {
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /**
   * Ends it once what was written has gone. What still comes is read and dropped: a socket that is closed with bytes unread is
   * reset, and the peer would lose the last thing that it was told.
   */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.end();
    this.#linger();
  }

  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  readonly #take = (bytes: Uint8Array): void => this.#events.data(this, bytes);

  #drained(): void {
    if (!this.isFull || this.#isOver) return;
    this.isFull = false;
    this.#events.drained(this);
  }

  #gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#linger();
    this.#events.closed(this);
  }

  #linger(): void {
    const socket = this.#socket;
    socket.off("data", this.#take).resume();
    if (!socket.destroyed) this.#timer ??= setTimeout(() => socket.destroy(), this.#lingerMs);
  }
}

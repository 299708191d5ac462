/** One socket of a server: what is sent, whether it is full, and its end. */
import type { Socket } from "node:net";
import { countedAddress } from "./address.js";

export interface ServerConnectionEvents {
  data(connection: ServerConnection, bytes: Uint8Array): void;
  /** More than the high-water mark waits to be sent, and: all of it was taken. */
  full(connection: ServerConnection): void;
  drained(connection: ServerConnection): void;
  /** The peer ended it, or it broke. Once, and not after `end`. */
  closed(connection: ServerConnection): void;
}

export interface ConnectionBounds {
  readonly highWaterBytes: number;
  readonly lingerMs: number;
}

export class ServerConnection {
  readonly number: number;
  readonly peer: string;
  /** By which the machine counts it. */
  readonly address: string;
  readonly #socket: Socket;
  readonly #bounds: ConnectionBounds;
  readonly #events: ServerConnectionEvents;
  #isFull = false;
  #isPaused = false;
  #isOver = false;
  #isCorked = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(number: number, socket: Socket, bounds: ConnectionBounds, events: ServerConnectionEvents) {
    this.number = number;
    this.peer = `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
    this.address = countedAddress(socket.remoteAddress ?? "");
    this.#socket = socket;
    this.#bounds = bounds;
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

  /** What is sent before `flush` leaves together. The bytes are not copied. */
  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (!this.#isCorked) this.#socket.cork();
    this.#isCorked = true;
    this.#socket.write(bytes);
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
    // A socket tells of having drained above its own mark alone.
    const mark = Math.max(this.#bounds.highWaterBytes, this.#socket.writableHighWaterMark);
    if (this.#isFull || this.#isOver || this.#socket.writableLength < mark) return;
    this.#isFull = true;
    this.#socket.pause();
    this.#events.full(this);
  }

  /** Nothing is read until `resume`; nor while it is full, or what is said in answer would pile up (R27). */
  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    if (!this.#isFull) this.#socket.resume();
  }

  /**
   * Ends it once what was sent has gone. What still comes is read and dropped: a socket that is closed with bytes unread is reset, and the
   * peer would lose the last thing that it was told.
   */
  end(): void {
    if (this.#isOver) return;
    this.flush();
    this.#isOver = true;
    this.#socket.end();
    this.#linger();
  }

  readonly #take = (bytes: Uint8Array): void => this.#events.data(this, bytes);

  #drained(): void {
    if (!this.#isFull || this.#isOver) return;
    this.#isFull = false;
    if (!this.#isPaused) this.#socket.resume();
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
    if (!socket.destroyed) this.#timer ??= setTimeout(() => socket.destroy(), this.#bounds.lingerMs);
  }
}

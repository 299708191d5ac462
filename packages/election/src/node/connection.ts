/** One TCP connection between two nodes, made by either: payloads in and out, within bounds (election rules E1, E5). */
import type { Socket } from "node:net";
import { ElectionError } from "../core/errors.js";
import { framed } from "../core/framed-payload.js";
import { PayloadStream } from "../core/payload-stream.js";

export interface ConnectionBounds {
  /** What a peer that reads too slowly may leave unread here, in bytes. */
  readonly maxUnsentBytes: number;
  /** Messages that wait for a connection that is being made. */
  readonly maxWaitingMessages: number;
}

export interface ConnectionEvents {
  payload(connection: Connection, payload: Uint8Array): void;
  /** The first message came that was not refused. */
  spoke(connection: Connection): void;
  /** What came is no message of this cluster; the connection ends. */
  refused(connection: Connection, why: string): void;
  /** Nothing comes or goes any more. Told once; `error` where the system gave one. */
  gone(connection: Connection, why: string, error: NodeJS.ErrnoException | undefined): void;
  /** The socket itself is closed. */
  closed(connection: Connection): void;
}

export class Connection {
  /** Its number in this node, from 1. */
  readonly link: number;
  /** Where it leads, as the machine calls it, if we made it. */
  readonly address: string | undefined;
  /** By `performance.now()`: when a message came last that the machine did not refuse; at first, when it began. */
  heardAt: number = performance.now();
  /** When something was sent last. */
  sentAt: number = this.heardAt;
  /** Whether a message came that the machine did not refuse. */
  hasSpoken = false;
  /** Whether it was ever made. */
  wasMade: boolean;
  /** Whether this side ended it. */
  isDropped = false;
  readonly #socket: Socket;
  readonly #bounds: ConnectionBounds;
  readonly #events: ConnectionEvents;
  readonly #stream = new PayloadStream();
  #waiting = 0;
  #isGone = false;
  #error: NodeJS.ErrnoException | undefined;

  constructor(
    link: number,
    socket: Socket,
    address: string | undefined,
    bounds: ConnectionBounds,
    events: ConnectionEvents,
  ) {
    this.link = link;
    this.address = address;
    this.#socket = socket;
    this.#bounds = bounds;
    this.#events = events;
    this.wasMade = !socket.connecting;
    socket
      .once("connect", () => {
        this.wasMade = true;
      })
      .on("data", (chunk) => this.#take(chunk))
      .on("end", () => this.#ended())
      .on("error", (error) => {
        this.#error ??= error;
      })
      .once("close", () => {
        this.#gone(this.#error?.message || "closed");
        events.closed(this);
      });
  }

  /** Who is there, for the log. */
  get peer(): string {
    return this.address ?? `${this.#socket.remoteAddress ?? "?"}:${this.#socket.remotePort ?? "?"}`;
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Sends, or drops what cannot be sent. */
  send(payload: Uint8Array): void {
    const socket = this.#socket;
    if (this.#isGone || !socket.writable) return;
    const { maxUnsentBytes, maxWaitingMessages } = this.#bounds;
    if (socket.connecting) {
      if (this.#waiting >= maxWaitingMessages || socket.writableLength + payload.length > maxUnsentBytes) return;
      this.#waiting++;
    }
    socket.write(framed(payload));
    this.sentAt = performance.now();
    if (socket.writableLength > maxUnsentBytes) this.drop("it reads too slowly");
  }

  /** Ends it at once; what has not left is lost. */
  drop(why: string): void {
    this.isDropped = true;
    this.#gone(why);
    this.#socket.destroy();
  }

  /** Ends it at once, for what came on it. */
  refuse(why: string): void {
    if (!this.#isGone) this.#events.refused(this, why);
    this.drop(why);
  }

  /** Ends it once everything was sent; the peer's own end closes it. */
  end(): void {
    if (this.#socket.connecting) return this.drop("stopped");
    this.isDropped = true;
    this.#gone("stopped");
    this.#socket.end();
    this.#socket.resume();
  }

  #take(chunk: Uint8Array): void {
    if (this.#isGone) return;
    for (const payload of this.#stream.push(chunk)) {
      this.#events.payload(this, payload);
      if (this.#isGone) return;
      this.heardAt = performance.now();
      if (this.hasSpoken) continue;
      this.hasSpoken = true;
      this.#events.spoke(this);
    }
    const { error } = this.#stream;
    if (error !== undefined) this.refuse(error.message);
  }

  /** The peer sends no more; the system sends it what is left, and closes. */
  #ended(): void {
    try {
      this.#stream.end();
      this.#gone("ended");
    } catch (error) {
      if (!(error instanceof ElectionError)) throw error;
      this.#gone(error.message);
    }
  }

  #gone(why: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#events.gone(this, why, this.#error);
  }
}

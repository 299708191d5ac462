/** One connection to a host, over TCP or TLS, from its beginning until it is gone. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { HostAddress } from "../core/plan.js";
import { tlsWords } from "./tls-words.js";

/** What `node:tls` needs; all PEM. */
export interface HostTls {
  /** Authorities that sign the hosts' certificates; default: those that Node knows. */
  readonly ca?: string | Uint8Array;
  /** The client's own certificate and key, where hosts ask for one. */
  readonly cert?: string | Uint8Array;
  readonly key?: string | Uint8Array;
  /** The name that certificates must have; default: the host's. */
  readonly serverName?: string;
}

export interface HostSocketEvents {
  connected(): void;
  data(bytes: Uint8Array): void;
  /** More than `HIGH_WATER_BYTES` waits to be sent, and: all of it was taken. */
  full(): void;
  drained(): void;
  /** It could not be made, or is gone. Once, and not after `end`. */
  closed(why: string): void;
}

const HIGH_WATER_BYTES = 262_144;
/** How long a host may take to read what was sent before the end. */
const LINGER_MS = 500;

export class HostSocket {
  /** Nothing of it is left. */
  readonly gone: Promise<void>;
  readonly #socket: Socket;
  readonly #events: HostSocketEvents;
  #isFull = false;
  #isOver = false;
  #isCorked = false;
  #why = "the host ended the connection";

  /** Begins to connect. */
  constructor(address: HostAddress, tls: HostTls | undefined, events: HostSocketEvents) {
    this.#events = events;
    const socket = tls === undefined ? connectPlainly(address) : connectSecurely(address, tls);
    this.#socket = socket;
    socket.setNoDelay(true);
    socket
      .once(tls === undefined ? "connect" : "secureConnect", () => {
        if (!this.#isOver) events.connected();
      })
      .on("data", (bytes: Buffer) => {
        if (!this.#isOver) events.data(bytes);
      })
      .on("drain", () => this.#drained())
      .on("error", (error: Error) => {
        this.#why = wordsOf(error);
      })
      .on("end", () => this.#closed());
    this.gone = new Promise((resolve) => {
      socket.once("close", () => {
        this.#closed();
        resolve();
      });
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
    if (this.#isFull || this.#isOver || this.#socket.writableLength < HIGH_WATER_BYTES) return;
    this.#isFull = true;
    this.#events.full();
  }

  /** Ends it once what was sent has gone; nothing more is told. */
  end(): void {
    this.flush();
    if (this.#isOver) return;
    this.#isOver = true;
    const socket = this.#socket;
    if (socket.connecting) {
      socket.destroy();
      return;
    }
    socket.end();
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => clearTimeout(timer));
  }

  /** Ends it at once. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #drained(): void {
    if (!this.#isFull || this.#isOver) return;
    this.#isFull = false;
    this.#events.drained();
  }

  #closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#events.closed(this.#why);
  }
}

function connectPlainly({ host, port }: HostAddress): Socket {
  // The types of `connect` do not know that the options of a stream are handed on.
  const options = { host, port, writableHighWaterMark: HIGH_WATER_BYTES };
  return connect(options);
}

function connectSecurely({ host, port }: HostAddress, { ca, cert, key, serverName }: HostTls): Socket {
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  const pem = (value: string | Uint8Array): string | Buffer => (typeof value === "string" ? value : Buffer.from(value));
  const options = {
    host,
    port,
    highWaterMark: HIGH_WATER_BYTES,
    ...(ca === undefined ? {} : { ca: pem(ca) }),
    ...(cert === undefined ? {} : { cert: pem(cert) }),
    ...(key === undefined ? {} : { key: pem(key) }),
    ...(name === undefined ? {} : { servername: name }),
  };
  return connectTls(options);
}

/** An error for several addresses of one name has no words of its own. */
function wordsOf(error: Error): string {
  if (error instanceof AggregateError) return error.errors.map((one: Error) => one.message).join("; ");
  return tlsWords(error);
}

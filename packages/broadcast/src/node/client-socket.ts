/** One attempt of a client at a connection: its socket, over TCP or TLS, until it is gone. */
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { HostAndPort } from "./address.js";
import { ReadMemory } from "./read-memory.js";
import { isTlsAlert, MAY_SPEAK_TLS, SPEAKS_NO_TLS, SPEAKS_TLS, tlsClientWords } from "./tls-words.js";

export interface ClientSocketOptions {
  readonly target: HostAndPort;
  /** PEM, in what node:tls takes; undefined: plain TCP. */
  readonly tls: ClientTls | undefined;
  readonly connectTimeoutMs: number;
  readonly highWaterBytes: number;
}

export interface ClientTls {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly serverName?: string;
}

export interface ClientSocketEvents {
  connected(): void;
  data(bytes: Uint8Array): void;
  /** More than the high-water mark waits to be sent, and: all of it has been taken. */
  full(): void;
  drained(): void;
  /** It could not be made, or is gone. Told once, and not after `end`. */
  disconnected(why: string): void;
  /** The socket itself is closed: the last of its events. */
  closed(): void;
}

const ENDED = "the server ended the connection";
/** How long a server may take to read what was sent before the end. */
const LINGER_MS = 1_000;

export class ClientSocket {
  readonly #socket: Socket;
  readonly #highWaterBytes: number;
  readonly #events: ClientSocketEvents;
  #isFull = false;
  #isOver = false;
  /** The first of this turn: what is alone, as most ACKs are, needs no cork. */
  #unsent: Uint8Array | undefined;
  #isCorked = false;
  #timer: NodeJS.Timeout | undefined;
  #why: string;
  /** Whether anything came, which over plain TCP is looked at first. */
  #wasHeard: boolean;

  /** Begins to connect. */
  constructor(options: ClientSocketOptions, events: ClientSocketEvents) {
    const { tls, connectTimeoutMs } = options;
    this.#events = events;
    this.#wasHeard = tls !== undefined;
    this.#why = tls === undefined ? MAY_SPEAK_TLS : SPEAKS_NO_TLS;
    const socket = tls === undefined ? connectTcp(options, this.#take) : connectSecurely(options, tls);
    this.#socket = socket;
    this.#highWaterBytes = Math.max(options.highWaterBytes, socket.writableHighWaterMark);
    this.#timer = setTimeout(() => {
      this.#why = `there was no connection within ${connectTimeoutMs} ms`;
      this.#gone();
    }, connectTimeoutMs);
    socket
      .once(tls === undefined ? "connect" : "secureConnect", () => {
        clearTimeout(this.#timer);
        this.#timer = undefined;
        if (tls !== undefined) this.#why = ENDED;
        if (!this.#isOver) events.connected();
      })
      .on("data", this.#take) // over TLS alone: see `connectTcp`
      .on("drain", () => this.#drained())
      .on("error", (error: Error) => {
        this.#why = tls === undefined ? error.message : tlsClientWords(error);
      })
      .on("end", () => this.#gone())
      .on("close", () => {
        clearTimeout(this.#timer);
        this.#gone();
        events.closed();
      });
  }

  /** What is sent in one turn leaves together, at `flush`. The bytes are not copied. */
  send(bytes: Uint8Array): void {
    if (this.#isOver) return;
    if (this.#unsent === undefined) {
      this.#unsent = bytes;
      return;
    }
    const socket = this.#socket;
    if (!this.#isCorked) {
      this.#isCorked = true;
      socket.cork();
      socket.write(this.#unsent);
    }
    socket.write(bytes);
  }

  flush(): void {
    if (this.#unsent === undefined) return;
    const socket = this.#socket;
    if (this.#isCorked) socket.uncork();
    else socket.write(this.#unsent);
    this.#isCorked = false;
    this.#unsent = undefined;
    if (this.#isFull || this.#isOver || socket.writableLength < this.#highWaterBytes) return;
    this.#isFull = true;
    this.#events.full();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Ends it once what was sent has gone; nothing more is told but that it is closed. */
  end(): void {
    this.flush();
    if (this.#isOver) return;
    this.#isOver = true;
    const socket = this.#socket;
    clearTimeout(this.#timer);
    if (socket.connecting) {
      socket.destroy();
      return;
    }
    socket.end();
    socket.off("data", this.#take).resume();
    this.#timer = setTimeout(() => socket.destroy(), LINGER_MS);
  }

  /** Ends it at once. */
  destroy(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  readonly #take = (bytes: Uint8Array): void => {
    if (!this.#wasHeard) this.#heard(bytes);
    if (!this.#isOver) this.#events.data(bytes);
  };

  /** The first of what came over plain TCP. */
  #heard(bytes: Uint8Array): void {
    this.#wasHeard = true;
    if (isTlsAlert(bytes)) {
      this.#why = SPEAKS_TLS;
      this.#gone();
    } else {
      this.#why = ENDED;
    }
  }

  #drained(): void {
    if (!this.#isFull || this.#isOver) return;
    this.#isFull = false;
    this.#events.drained();
  }

  #gone(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket.destroy();
    this.#events.disconnected(this.#why);
  }
}

/** What is read is handed over as it is, without the way through a stream, which costs as much as a whole BATCH of few messages. */
function connectTcp({ target, highWaterBytes }: ClientSocketOptions, take: (bytes: Uint8Array) => void): Socket {
  const memory = new ReadMemory();
  const onread = {
    buffer: memory.room(),
    callback: (length: number): boolean => {
      take(memory.taken(length));
      return true; // whether it is paused is decided elsewhere
    },
  };
  // `connect` hands its options to the socket; those of a stream are missing in its types.
  const options = { ...target, noDelay: true, writableHighWaterMark: highWaterBytes, onread };
  return connect(options);
}

function connectSecurely({ target, highWaterBytes }: ClientSocketOptions, { serverName, ...pem }: ClientTls): Socket {
  const name = serverName ?? (isIP(target.host) === 0 ? target.host : undefined);
  // As above: its types know nothing of the stream.
  const options = {
    ...target,
    ...pem,
    ...(name === undefined ? {} : { servername: name }),
    highWaterMark: highWaterBytes,
  };
  const socket = connectTls(options);
  return socket.setNoDelay(true);
}

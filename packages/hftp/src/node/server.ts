/** The HFTP server for Node: sockets, TLS, limits, log and graceful shutdown round one ServerSession a connection. */
import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer, type Server as TlsServer } from "node:tls";
import { Admission, type AdmissionOptions, type Verdict } from "../core/admission.js";
import { ConnectionError, LocalProtocolError } from "../core/errors.js";
import { MAX_TIMEOUT_MS, resolveNumbers } from "../core/options.js";
import type { ServedRequest } from "../core/server-messages.js";
import type { ServerSessionOptions } from "../core/server-options.js";
import { ServerSession } from "../core/server-session.js";
import { BlockPool } from "./block-pool.js";
import { type Logger, silentLogger } from "./logger.js";
import { ServedDirectory } from "./served-directory.js";
import { ServerConnection } from "./server-connection.js";

export interface HftpServerOptions extends ServerSessionOptions, AdmissionOptions {
  /** The directory to serve; looked up anew at every request, so it may come and go. */
  readonly directory: string;
  /** Serve over TLS: certificate chain and key in PEM. Default: plain TCP. */
  readonly tls?: { readonly cert: string | Uint8Array; readonly key: string | Uint8Array } | undefined;
  /** A TLS handshake must be over so long after the connection was made. Default 10,000 ms. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Blocks of 576 KiB for reading ahead from slow disks, for all connections together. Default 32 (H19). */
  readonly maxReadAheadBlocks?: number | undefined;
  /** One line (`info`, message `request`) for every request. Default: none. */
  readonly logger?: Logger | undefined;
}

export interface ListenOptions {
  /** Address to listen on. Default 127.0.0.1: this machine alone can connect. */
  readonly host?: string | undefined;
  /** Port, 0 for a free one. Default 19500. */
  readonly port?: number | undefined;
}

/** A request with the connection that it came on. */
export interface ServedEvent {
  readonly request: ServedRequest;
  /** Number of the connection on this server, from 1. */
  readonly connection: number;
  /** Address and port of the client. */
  readonly peer: string;
}

export interface HftpServerEvents {
  /** A request was answered. */
  served: [event: ServedEvent];
  /** A connection was made and was admitted, refused with 199, or dropped. */
  connection: [verdict: Verdict];
  /** A connection that was not dropped is gone. */
  disconnection: [verdict: Verdict];
}

interface Peer {
  /** Address and port. */
  readonly name: string;
  readonly number: number;
  readonly verdict: Verdict;
  /** Of TCP, also under TLS. */
  readonly socket: Socket;
  /** Undefined during a TLS handshake. */
  connection: ServerConnection | undefined;
}

/** The port of the course's own servers. */
export const DEFAULT_PORT = 19500;

const servedChannel = channel("lab:hftp:served");

export class HftpServer extends EventEmitter<HftpServerEvents> implements AsyncDisposable {
  readonly #options: HftpServerOptions;
  readonly #directory: ServedDirectory;
  readonly #pool: BlockPool;
  readonly #admission: Admission;
  readonly #logger: Logger;
  readonly #server: Server;
  /** By address and port of the client: what is open and not dropped. */
  readonly #peers = new Map<string, Peer>();
  #numbered = 0;
  #closing: Promise<void> | undefined;

  /** @throws TypeError or RangeError for a wrong option, naming it and what is accepted. */
  constructor(options: HftpServerOptions) {
    super();
    if (typeof options.directory !== "string" || options.directory === "") {
      throw new TypeError("directory must be the path of the directory to serve");
    }
    this.#options = options;
    this.#directory = this.createDirectory(options.directory);
    this.#admission = new Admission(options);
    this.#logger = options.logger ?? silentLogger;
    this.createSession(options); // a wrong option is an error here, not at the first connection
    const { handshakeTimeoutMs, maxReadAheadBlocks } = resolveNumbers(
      { handshakeTimeoutMs: options.handshakeTimeoutMs, maxReadAheadBlocks: options.maxReadAheadBlocks },
      {
        handshakeTimeoutMs: { default: 10_000, min: 1, max: MAX_TIMEOUT_MS },
        maxReadAheadBlocks: { default: 32, min: 0, max: 65_536 },
      },
    );
    this.#pool = new BlockPool(maxReadAheadBlocks);
    this.#server =
      options.tls === undefined
        ? createServer({ allowHalfOpen: true })
        : this.#createTls(options.tls, handshakeTimeoutMs);
    // Before the listener that would start a handshake: what is dropped has none.
    this.#server.prependListener("connection", (socket: Socket) => this.#admit(socket));
    if (options.tls === undefined) this.#server.on("connection", (socket: Socket) => this.#accept(socket));
  }

  #createTls({ cert, key }: NonNullable<HftpServerOptions["tls"]>, handshakeTimeout: number): Server {
    let server: TlsServer;
    try {
      server = createTlsServer({
        cert: Buffer.from(cert as Uint8Array),
        key: Buffer.from(key as Uint8Array),
        allowHalfOpen: true,
        handshakeTimeout,
      });
    } catch (cause) {
      throw new TypeError(`tls: certificate or key cannot be used: ${(cause as Error).message}`, { cause });
    }
    server.on("secureConnection", (socket) => this.#accept(socket));
    server.on("tlsClientError", (error, socket) => {
      if (this.#peers.has(peerOf(socket)))
        this.#logger.warn({ peer: peerOf(socket), why: error.message }, "TLS handshake failed");
      socket.destroy();
    });
    return server;
  }

  /** A subclass can change how names are looked up. */
  protected createDirectory(path: string): ServedDirectory {
    return new ServedDirectory(path);
  }

  /** A subclass can change how a connection is answered. */
  protected createSession(options: ServerSessionOptions): ServerSession {
    return new ServerSession(options);
  }

  /** Connections that are open and admitted. */
  get connections(): number {
    return this.#admission.admitted;
  }

  /**
   * Starts to listen, and resolves with the address and the port.
   * @throws ConnectionError (`LISTEN`) where the address or the port is not to be had
   */
  async listen({
    host = "127.0.0.1",
    port = DEFAULT_PORT,
  }: ListenOptions = {}): Promise<{ host: string; port: number }> {
    resolveNumbers({ port }, { port: { default: DEFAULT_PORT, min: 0, max: 65_535 } });
    if (this.#closing !== undefined) throw new LocalProtocolError("CLOSED", "this server has been closed");
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause: Error) => {
        reject(new ConnectionError("LISTEN", `cannot listen on ${host}:${port}: ${cause.message}`, { cause }));
      });
      this.#server.listen({ host, port }, () => resolve());
    });
    this.#server.removeAllListeners("error");
    this.#server.on("error", (error) => this.#logger.error({ why: error.message }, "the listening socket failed"));
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new ConnectionError("LISTEN", "no port was given");
    return { host: address.address, port: address.port };
  }

  /**
   * Stops to listen, lets replies that are being sent go on until `deadlineMs` (default 10,000) is over, then drops
   * what is left. Idle connections are closed at once.
   */
  close(options: { readonly deadlineMs?: number | undefined } = {}): Promise<void> {
    const { deadlineMs } = resolveNumbers(options, { deadlineMs: { default: 10_000, min: 0, max: MAX_TIMEOUT_MS } });
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close({ deadlineMs: 0 });
  }

  async #close(deadlineMs: number): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { socket, connection } of [...this.#peers.values()]) {
      if (connection === undefined)
        socket.destroy(); // in a handshake
      else connection.handle({ type: "shutdown" });
    }
    const timer = setTimeout(() => {
      for (const { socket, connection } of [...this.#peers.values()]) {
        connection?.destroy("the server is shutting down");
        socket.destroy();
      }
    }, deadlineMs);
    await closed;
    clearTimeout(timer);
  }

  /** Every connection, before anything is said on it, counts against the limits. */
  #admit(socket: Socket): void {
    const address = socket.remoteAddress; // undefined where the client has gone already
    const isWelcome = this.#closing === undefined && address !== undefined;
    const verdict = isWelcome ? this.#admission.enter(address) : "dropped";
    this.emit("connection", verdict);
    if (address === undefined || verdict === "dropped") {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const name = peerOf(socket);
    const peer: Peer = { name, number: ++this.#numbered, verdict, socket, connection: undefined };
    this.#peers.set(name, peer);
    this.#logger.debug({ connection: peer.number, peer: name, verdict }, "connection");
    socket.once("close", () => {
      this.#peers.delete(name);
      this.#admission.leave(address, verdict);
      this.emit("disconnection", verdict);
    });
  }

  /** A connection that can be talked on: at once over TCP, after the handshake over TLS. */
  #accept(socket: Socket): void {
    const peer = this.#peers.get(peerOf(socket));
    if (peer === undefined) {
      socket.on("error", () => {});
      socket.destroy();
      return;
    }
    const { name, number } = peer;
    const session = this.createSession(this.#options);
    const connection = new ServerConnection(socket, session, this.#directory, this.#pool, {
      served: (request) => this.#served({ request, connection: number, peer: name }),
      closed: (why) => {
        const reason = why === undefined ? {} : { why };
        this.#logger.debug({ connection: number, peer: name, ...reason }, "disconnection");
      },
    });
    peer.connection = connection;
    connection.handle({ type: "connected", refused: peer.verdict === "refused" });
    if (this.#closing !== undefined) connection.handle({ type: "shutdown" });
  }

  #served(event: ServedEvent): void {
    if (servedChannel.hasSubscribers) servedChannel.publish(event);
    this.emit("served", event);
    if (this.#logger === silentLogger) return;
    const { ms, ...request } = event.request;
    const fields = { connection: event.connection, peer: event.peer, ...request, ms: Math.round(ms * 1000) / 1000 };
    this.#logger.info(fields, "request");
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "unknown"}:${socket.remotePort ?? 0}`;
}

/**
 * Creates a server and starts to listen.
 *
 * ```ts
 * const { server, port } = await serve({ directory: "testdata", port: 0 });
 * ```
 */
export async function serve(
  options: HftpServerOptions & ListenOptions,
): Promise<{ readonly server: HftpServer; readonly host: string; readonly port: number }> {
  const { host, port, ...rest } = options;
  const server = new HftpServer(rest);
  return { server, ...(await server.listen({ host, port })) };
}

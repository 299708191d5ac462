/** The broadcast server for Node: sockets, TLS, stores and one timer round a ServerMachine. */
import { channel } from "node:diagnostics_channel";
import { lookup } from "node:dns/promises";
import { EventEmitter } from "node:events";
import { type AddressInfo, createServer, isIP, type Server, type Socket } from "node:net";
import { performance } from "node:perf_hooks";
import { createServer as createTlsServer, type TlsOptions, type Server as TlsServer } from "node:tls";
import { BroadcastError } from "../core/errors.js";
import { MAX_MS, whole } from "../core/option-checks.js";
import type { ServerEvent, Snapshot } from "../core/server-contract.js";
import { ServerMachine } from "../core/server-machine.js";
import type { ServerMachineOptions } from "../core/server-options.js";
import type { ServerView } from "../core/server-view.js";
import { formatAddress, isLoopback } from "./address.js";
import { type Log, memoryLog } from "./log.js";
import { type Logger, silentLogger } from "./logger.js";
import { nodePlatform } from "./platform.js";
import { secretBytes } from "./secret.js";
import { checkServeOptions } from "./serve-options.js";
import { ServerDriver } from "./server-driver.js";
import { EventLog } from "./server-log.js";
import { tlsServerWords } from "./tls-words.js";

/** Certificates of a server. */
export interface ServerTlsOptions {
  /** Certificate chain in PEM. */
  readonly cert: string | Uint8Array;
  /** Its key in PEM. */
  readonly key: string | Uint8Array;
  /** Where it is given, clients must show a certificate that one of these signed. */
  readonly ca?: string | Uint8Array;
}

export interface ServeOptions extends Omit<ServerMachineOptions, "log" | "durability" | "secret" | "snapshots"> {
  /** Where to listen. Default 127.0.0.1: this machine alone can connect. Another needs `secret` and `tls`, or `insecure` (B7). */
  readonly host?: string;
  /** Default 0: a free one, told by `address`. */
  readonly port?: number;
  /** Where entries are kept. Default `memoryLog()`: in this process, as many as the history holds (B17). */
  readonly log?: Log;
  /** What clients must know (B6), 16 bytes or more. Default: nothing is asked. */
  readonly secret?: string | Uint8Array;
  /** Speak TLS. Default: plain TCP. */
  readonly tls?: ServerTlsOptions;
  /** Listen where other machines can connect although `secret` or `tls` is missing (B7). Default false. */
  readonly insecure?: boolean;
  /** Gives a snapshot of what a room's entries add up to, and the number of the last entry in it (B31). Default: there are none. */
  readonly snapshot?: (room: string) => Promise<Snapshot | undefined> | Snapshot | undefined;
  /** Default: silent. */
  readonly logger?: Logger;
  /** How long a connection that was closed may take to read what was sent before. Default 1,000 ms. */
  readonly lingerMs?: number;
  /**
   * Lines per second that the logger is given of members that begin to lag (B18) and are live again; of the rest their number alone. Listeners
   * and metrics are told of each. Default 10, from 0.
   */
  readonly maxLagLines?: number;
  /** Bytes that may wait for a connection before it counts as full (B18). Default 256 KiB. */
  readonly highWaterBytes?: number;
}

export interface BroadcastServer extends AsyncDisposable {
  /** Where it listens, "HOST:PORT" or "[IPv6]:PORT". */
  readonly address: string;
  /** Told of everything that happens in the rooms, in order; what a listener throws is logged. */
  on(name: "event", listener: (event: ServerEvent) => void): this;
  off(name: "event", listener: (event: ServerEvent) => void): this;
  /** A copy of what is to be seen of rooms and connections. */
  view(): ServerView;
  /** Says SHUTDOWN to all, commits what was taken, closes the log, and resolves when all of it is done (B29). May be called again. */
  close(): Promise<void>;
}

/** `{ address, event }` for every event of a server in this process. */
const events = channel("lab:broadcast:server");

/** What the system may hold of connections that were not accepted yet; it has a limit of its own. */
const BACKLOG = 4_096;

class NodeServer implements BroadcastServer {
  address = "";
  readonly #emitter = new EventEmitter<{ event: [event: ServerEvent] }>();
  readonly #logger: Logger;
  readonly #log: EventLog;
  readonly #machine: ServerMachine;
  readonly #driver: ServerDriver;
  readonly #server: Server;
  /** By address and port of the peer: TCP connections in a TLS handshake. */
  readonly #handshakes = new Map<string, Socket>();
  #closing: Promise<void> | undefined;

  constructor(options: ServeOptions) {
    const {
      host: _,
      port: __,
      log = memoryLog(),
      secret,
      tls,
      insecure: ___,
      snapshot,
      logger,
      lingerMs,
      ...rest
    } = options;
    const { highWaterBytes, maxLagLines, ...limits } = rest;
    const machineOptions: ServerMachineOptions = {
      ...limits,
      ...(secret === undefined ? {} : { secret: secretBytes(secret) as Uint8Array }),
      log: log.kind,
      ...(log.kind === "durable" ? { durability: log.durability } : {}),
      snapshots: snapshot !== undefined,
    };
    this.#logger = logger ?? silentLogger;
    const lagLines = whole("maxLagLines", maxLagLines, { default: 10, min: 0, max: 1_000_000 });
    this.#log = new EventLog(this.#logger, lagLines, () => performance.now());
    this.#machine = new ServerMachine(performance.now(), machineOptions, nodePlatform);
    const { helloMs, maxConnections, engineMs } = this.#machine.settings;
    const highWater = whole("highWaterBytes", highWaterBytes, { default: 2 ** 18, min: 1, max: 2 ** 30 });
    this.#driver = new ServerDriver(
      {
        log,
        highWaterBytes: highWater,
        lingerMs: whole("lingerMs", lingerMs, { default: 1_000, min: 0, max: MAX_MS }),
        engineMs,
        snapshot,
        logger: this.#logger,
        onEvent: this.#onEvent,
      },
      this.#machine,
    );
    const common = { noDelay: true, highWaterMark: highWater };
    this.#server =
      tls === undefined ? createServer(common) : secureServer({ ...common, handshakeTimeout: helloMs }, tls);
    // Those that are told FULL take a moment to go; a flood of them finds no more than so many descriptors.
    this.#server.maxConnections = 2 * maxConnections + 64;
    this.#server.on("drop", () => this.#logger.debug({}, "a connection was turned away: there are too many"));
    if (tls === undefined) this.#server.on("connection", (socket) => this.#accept(socket));
    else this.#expectHandshakes();
  }

  #expectHandshakes(): void {
    this.#server
      .on("connection", (socket) => {
        const peer = peerOf(socket);
        this.#handshakes.set(peer, socket);
        socket.once("close", () => this.#handshakes.delete(peer));
      })
      .on("secureConnection", (socket: Socket) => {
        this.#handshakes.delete(peerOf(socket));
        this.#accept(socket);
      })
      .on("tlsClientError", (error: Error, socket: Socket) => {
        this.#logger.warn({ peer: peerOf(socket), why: tlsServerWords(error) }, "a TLS handshake failed");
        socket.destroy();
      });
  }

  async listen(host: string, port: number): Promise<void> {
    const server = this.#server;
    try {
      await this.#driver.start();
    } catch (cause) {
      throw new BroadcastError("LOG", `the log cannot be used: ${(cause as Error).message}`, { cause });
    }
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", (cause: NodeJS.ErrnoException) => {
          const why = cause.code === "EADDRINUSE" ? "the port is taken" : cause.message;
          reject(new BroadcastError("LISTEN", `cannot listen on ${host}:${port}: ${why}`, { cause }));
        });
        server.listen({ host, port, backlog: BACKLOG }, () => resolve());
      });
    } catch (error) {
      await this.#driver.stop();
      throw error;
    }
    server.removeAllListeners("error");
    server.on("error", ({ message }) => this.#logger.error({ why: message }, "a connection was not accepted"));
    const { address, port: bound } = server.address() as AddressInfo;
    this.address = formatAddress({ host: address, port: bound });
  }

  on(name: "event", listener: (event: ServerEvent) => void): this {
    this.#emitter.on(name, listener);
    return this;
  }

  off(name: "event", listener: (event: ServerEvent) => void): this {
    this.#emitter.off(name, listener);
    return this;
  }

  view(): ServerView {
    return this.#machine.view();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#handshakes.values()) socket.destroy();
    await this.#driver.stop();
    await closed;
  }

  #accept(socket: Socket): void {
    if (this.#closing === undefined) this.#driver.accept(socket);
    else socket.on("error", () => {}).destroy();
  }

  readonly #onEvent = (event: ServerEvent): void => {
    if (events.hasSubscribers) events.publish({ address: this.address, event });
    if (this.#logger !== silentLogger) this.#log.log(event);
    if (this.#emitter.listenerCount("event") === 0) return;
    for (const listener of this.#emitter.listeners("event")) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ event: event.type, error }, "a listener failed");
      }
    }
  };
}

function secureServer(options: TlsOptions, { cert, key, ca }: ServerTlsOptions): TlsServer {
  const pem = (text: string | Uint8Array): Buffer => Buffer.from(text as Uint8Array);
  try {
    return createTlsServer({
      ...options,
      cert: pem(cert),
      key: pem(key),
      ...(ca === undefined ? {} : { ca: pem(ca), requestCert: true, rejectUnauthorized: true }),
    });
  } catch (cause) {
    throw new TypeError(`tls: certificate or key cannot be used: ${(cause as Error).message}`, { cause });
  }
}

function peerOf(socket: Socket): string {
  return `${socket.remoteAddress ?? "?"}:${socket.remotePort ?? 0}`;
}

/**
 * Starts a server; resolves once it listens.
 *
 * ```ts
 * await using server = await serve({ port: 8081 });
 * ```
 *
 * @throws TypeError or RangeError for a wrong option, one that would let other machines in unasked (B7) included;
 * BroadcastError `LISTEN` where the address or port is not to be had, `LOG` where the log is not
 */
export async function serve(options: ServeOptions = {}): Promise<BroadcastServer> {
  checkServeOptions(options);
  const { host = "127.0.0.1", secret, tls, insecure = false } = options;
  const port = whole("port", options.port, { default: 0, min: 0, max: 65_535 });
  const server = new NodeServer(options);
  const address = await addressOf(host);
  if (!isLoopback(address) && !insecure && (secret === undefined || tls === undefined)) {
    throw new TypeError(
      `host is ${host}, which other machines can reach: there must be a secret and TLS, or insecure must be true`,
    );
  }
  await server.listen(address, port);
  return server;
}

/** What a name stands for is looked up before it is judged: the name of this machine may lead outside. */
async function addressOf(host: string): Promise<string> {
  if (typeof host !== "string" || host === "") throw new TypeError("host must be the name or address to listen on");
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new BroadcastError("LISTEN", `cannot listen on ${host}: ${(cause as Error).message}`, { cause });
  }
}

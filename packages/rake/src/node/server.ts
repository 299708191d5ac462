/** The rake server for Node: sockets, TLS, a folder and processes round a ServerMachine. */

import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { availableParallelism, hostname } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { RakeError } from "../core/errors.js";
import type { Sandbox } from "../core/messages.js";
import type { ServerEvent, ServerView } from "../core/server-contract.js";
import { ServerMachine } from "../core/server-machine.js";
import { resolveServerOptions, type ServerSettings } from "../core/server-options.js";
import { addressOf, checkReach } from "./address.js";
import type { ActionEngine } from "./engine.js";
import { Fifos } from "./fifos.js";
import { environment, type Launcher } from "./launch.js";
import { Load } from "./load.js";
import { type Logger, silentLogger } from "./logger.js";
import { nodePlatform } from "./platform.js";
import { removeFolder } from "./removal.js";
import { actionUser } from "./run-as.js";
import { findSandbox } from "./sandbox.js";
import { secretOf } from "./secret.js";
import {
  machineOptions,
  resolveServeOptions,
  type ServeOptions,
  type ServerTlsOptions,
  type ServeSettings,
} from "./serve-options.js";
import { ServerDriver } from "./server-driver.js";
import { logEvent } from "./server-log.js";
import { boundSockets } from "./socket-bound.js";
import { measureSpeed } from "./speed.js";
import { readState, writeState } from "./state-file.js";
import { openServerFolder, type StateFolder } from "./state-folder.js";
import { Store } from "./store.js";
import { tlsWords } from "./tls-words.js";
import { nameToolchain } from "./toolchain.js";

export interface RakeServer extends AsyncDisposable {
  /** Where it listens: an IP address. */
  readonly host: string;
  readonly port: number;
  /** Which sandbox actions run in (R43). */
  readonly sandbox: Sandbox;
  /** Told of everything that happens, for logs and metrics; what a listener throws is logged. */
  on(name: "event", listener: (event: ServerEvent) => void): this;
  off(name: "event", listener: (event: ServerEvent) => void): this;
  /** Connections, slots and store, as they are now. */
  view(): ServerView;
  /** Cancels what runs, and resolves when no process and no folder of it is left (R45). May be called again. */
  close(): Promise<void>;
}

/** `{ port, event }` for every event of a server in this process. */
const events = channel("lab:rake:server");
const BACKLOG = 1_024;
const LOAD_MS = 1_000;
/** Pairs of pipes that are made beforehand, at most. */
const MOST_PIPES = 64;

class NodeServer implements RakeServer {
  host = "";
  port = 0;
  readonly sandbox: Sandbox;
  readonly #emitter = new EventEmitter<{ event: [event: ServerEvent] }>();
  readonly #logger: Logger;
  readonly #parts: Parts;
  readonly #machine: ServerMachine;
  readonly #driver: ServerDriver;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #loadTimer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    const { settings, folder, store, fifos, launcher, engine, logger, tls } = parts;
    this.#parts = parts;
    this.#logger = logger;
    this.sandbox = launcher.sandbox;
    const { learned: _, chargeMs, allow: __, ...rest } = parts.machine;
    const learned = readState(join(folder.path, "learned.json"), (message) => logger.warn({}, message));
    this.#machine = new ServerMachine(
      {
        ...rest,
        chargeMs: Object.fromEntries(chargeMs),
        ...(parts.allow === undefined ? {} : { allow: parts.allow }),
        learned: durationsOf(learned),
        sandbox: launcher.sandbox,
      },
      nodePlatform,
      store.load(),
    );
    const { lingerMs, highWaterBytes, readyRuns } = settings;
    this.#driver = new ServerDriver(
      {
        folder,
        store,
        fifos,
        launcher,
        start: engine?.start,
        readyRuns,
        logger,
        lingerMs,
        highWaterBytes,
        onEvent: this.#onEvent,
      },
      this.#machine,
    );
    const common = { noDelay: true, highWaterMark: 65_536 };
    this.#server =
      tls === undefined ? createServer(common) : secureServer({ ...common, handshakeTimeout: rest.helloMs }, tls);
    this.#server.maxConnections = 2 * rest.maxConnections + 64;
    boundSockets(this.#server, 2 * rest.maxConnectionsPerAddress + 16);
    this.#server
      .on("connection", (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once("close", () => this.#sockets.delete(socket)).on("error", () => {});
      })
      .on("tlsClientError", (error: Error, socket: Socket) => {
        logger.warn({ why: tlsWords(error) }, "a TLS handshake failed");
        socket.destroy();
      })
      .on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
        if (this.#closing === undefined) this.#driver.accept(socket);
        else socket.on("error", () => {}).destroy();
      });
  }

  async listen(address: string, port: number): Promise<void> {
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once("error", (cause: NodeJS.ErrnoException) => {
        const why = cause.code === "EADDRINUSE" ? "the port is taken" : cause.message;
        reject(new RakeError("LISTEN", `cannot listen on ${address}:${port}: ${why}`, { cause }));
      });
      server.listen({ host: address, port, backlog: BACKLOG }, () => resolve());
    });
    server.removeAllListeners("error");
    server.on("error", ({ message }) => this.#logger.error({ why: message }, "a connection was not accepted"));
    const bound = server.address() as AddressInfo;
    this.host = bound.address;
    this.port = bound.port;
    this.#driver.begin();
    const { engine, settings } = this.#parts;
    const load = new Load(settings.cpuPercent);
    const busyCores = (): number => engine?.busyCores() ?? load.busyCores(this.#machine.view().running);
    this.#loadTimer = setInterval(() => this.#driver.load(busyCores()), LOAD_MS);
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
    clearInterval(this.#loadTimer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.#driver.stop();
    const timer = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, this.#parts.settings.lingerMs);
    await closed;
    clearTimeout(timer);
    const { folder } = this.#parts;
    writeState(join(folder.path, "learned.json"), this.#machine.learned(), (message) => this.#logger.warn({}, message));
    await leave(this.#parts);
  }

  readonly #onEvent = (event: ServerEvent): void => {
    if (events.hasSubscribers) events.publish({ port: this.port, event });
    if (this.#logger !== silentLogger) logEvent(this.#logger, event);
    for (const listener of this.#emitter.listeners("event")) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error({ event: event.type, error }, "a listener failed");
      }
    }
  };
}

/** All that a server is made of. */
interface Parts {
  readonly settings: ServeSettings;
  readonly machine: ServerSettings;
  readonly allow: readonly string[] | undefined;
  readonly folder: StateFolder;
  readonly isTemporary: boolean;
  readonly store: Store;
  readonly fifos: Fifos;
  readonly launcher: Launcher;
  readonly engine: ActionEngine | undefined;
  readonly logger: Logger;
  readonly tls: ServerTlsOptions | undefined;
}

/**
 * Starts a server; resolves once it listens.
 *
 * ```ts
 * await using server = await serve({ port: 6238 });
 * ```
 *
 * @throws TypeError or RangeError for a wrong option, an address that others can reach included (R17); RakeError `FOLDER`, `SANDBOX` or
 * `LISTEN` where the folder, a sandbox or the port is not to be had
 */
export async function serve(options: ServeOptions = {}): Promise<RakeServer> {
  const settings = resolveServeOptions(options);
  const { secret, tls, logger = silentLogger, allow, engine } = options;
  const cores = options.cores ?? engine?.cores ?? availableParallelism();
  const machine = resolveServerOptions({
    name: hostname().slice(0, 64) || "rake",
    ...machineOptions(options),
    cores,
    speed: options.speed ?? measureSpeed(),
    toolchain: options.toolchain ?? (await nameToolchain()),
    secret: secret === undefined ? undefined : secretOf(secret),
  });
  const address = await addressOf(settings.host);
  checkReach(address, options);
  const user = actionUser(options.runAs);
  const folder = await openServerFolder(options.folder, settings.port);
  const isTemporary = options.folder === undefined && settings.port === 0;
  const store = new Store(folder.store);
  const fifos = new Fifos(folder.fifos);
  try {
    await fifos.prepare(2 * Math.min(MOST_PIPES, machine.slots));
    const env = environment(settings.env);
    const common = { wanted: settings.sandbox, user, env, readable: settings.readable };
    const { launcher, passedOver } = await findSandbox({
      ...common,
      runs: folder.runs,
      store,
      fifos,
      start: engine?.start,
    });
    for (const why of passedOver) logger.warn({ sandbox: launcher.sandbox }, why);
    const parts = { settings, machine, allow, folder, isTemporary, store, fifos, launcher, engine, logger, tls };
    const server = new NodeServer(parts);
    await server.listen(address, settings.port);
    return server;
  } catch (error) {
    await leave({ folder, isTemporary });
    throw error;
  }
}

async function leave({ folder, isTemporary }: Pick<Parts, "folder" | "isTemporary">): Promise<void> {
  folder.close();
  if (isTemporary) await removeFolder(folder.path);
}

function durationsOf(kept: unknown): Record<string, number> {
  if (typeof kept !== "object" || kept === null) return {};
  const entries = Object.entries(kept).filter(([, ms]) => typeof ms === "number" && ms >= 0 && ms < 2 ** 31);
  return Object.fromEntries(entries) as Record<string, number>;
}

function secureServer(options: TlsOptions, { cert, key, ca }: ServerTlsOptions): Server {
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

/** A server over one UDP socket and one folder, for both wire formats. */
import { channel } from "node:diagnostics_channel";
import { EventEmitter } from "node:events";
import type { Address, ServerOutput } from "../core/contract.js";
import { StopwaitError } from "../core/errors.js";
import { MAX_TIMEOUT_MS, resolveNumbers } from "../core/options.js";
import { DEFAULT_PORT } from "../core/ports.js";
import { StopwaitServer, type StopwaitServerOptions } from "../core/server.js";
import { isLoopback } from "../core/v1-server.js";
import { SocketError } from "./errors.js";
import { type KeysOf, refuseUnknownKeys } from "./known-keys.js";
import { type Logger, silentLogger } from "./logger.js";
import { type Drivable, MachineLoop } from "./machine-loop.js";
import { DEFAULT_PART_TTL_MS, PartSweeper } from "./part-sweeper.js";
import { nodePlatform } from "./platform.js";
import { TransferFiles } from "./transfer-files.js";
import { BUFFER_RULE, checkSecret, requireText } from "./transfer-options.js";
import { UdpSocket } from "./udp-socket.js";

/** A transfer that came to its end, or a request that was refused. */
export type ServedTransfer = Omit<Extract<ServerOutput, { readonly type: "served" }>, "type">;

export interface StopwaitUdpServerEvents {
  served: [ServedTransfer];
}

/** What the machines are told: who may do what, and every limit, with its default. */
type MachineOptions = Omit<StopwaitServerOptions, "platform" | "newId" | "trusts" | "receiveBufferBytes">;

export interface StopwaitUdpServerOptions extends MachineOptions {
  /** The folder whose files are served. It may come and go. */
  readonly directory: string;
  /** Milliseconds after its last write for which the part of a broken PUT is kept. Default 86,400,000, a day. */
  readonly partTtlMs?: number | undefined;
  /** Receive buffer that the system is asked for. Default 1 MiB; the system may give less. */
  readonly receiveBufferBytes?: number | undefined;
  /** Default: nothing is logged. */
  readonly logger?: Logger | undefined;
}

export interface ListenOptions {
  /** Address to listen on. Default 127.0.0.1. Others than loopback have conditions: `allowV1`, `secret`, `insecureWrite`. */
  readonly host?: string | undefined;
  /** Default 50001; 0 for a free one. */
  readonly port?: number | undefined;
}

const LISTEN_KEYS: KeysOf<ListenOptions> = { host: true, port: true };
const SERVER_KEYS: KeysOf<StopwaitUdpServerOptions> = {
  directory: true,
  partTtlMs: true,
  receiveBufferBytes: true,
  logger: true,
  maxMemories: true,
  forgetMs: true,
  answersPerSecond: true,
  writable: true,
  overwrite: true,
  secret: true,
  insecureWrite: true,
  allowV1: true,
  maxBlockBytes: true,
  maxWindow: true,
  maxSessions: true,
  maxTombstones: true,
  idleMs: true,
  tombstoneMs: true,
  cookieMs: true,
  maxHashing: true,
  maxFileBytes: true,
};

const servedChannel = channel("lab:stopwait:served");

export class StopwaitUdpServer extends EventEmitter<StopwaitUdpServerEvents> implements AsyncDisposable {
  readonly #options: StopwaitUdpServerOptions;
  readonly #logger: Logger;
  readonly #numbers: Readonly<Record<"partTtlMs" | "receiveBufferBytes", number>>;
  #running:
    | {
        readonly socket: UdpSocket;
        readonly files: TransferFiles;
        readonly loop: MachineLoop<ServerOutput>;
        readonly sweeper: PartSweeper | undefined;
      }
    | undefined;
  #state: "new" | "listening" | "closed" = "new";

  /** @throws TypeError or RangeError for a wrong option, naming it and what is accepted */
  constructor(options: StopwaitUdpServerOptions) {
    super();
    refuseUnknownKeys(options, SERVER_KEYS);
    requireText("directory", options.directory);
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    const { partTtlMs, receiveBufferBytes } = options;
    this.#numbers = resolveNumbers(
      { partTtlMs, receiveBufferBytes },
      { partTtlMs: { default: DEFAULT_PART_TTL_MS, min: 1000, max: MAX_TIMEOUT_MS }, receiveBufferBytes: BUFFER_RULE },
    );
    checkSecret(options.secret);
    this.createMachine({ ...options, platform: nodePlatform }); // a wrong option is an error here, not when it listens
  }

  /** A subclass can change how packets are answered. */
  protected createMachine(options: StopwaitServerOptions): Drivable<ServerOutput> {
    return new StopwaitServer(options);
  }

  /**
   * Starts to listen, and resolves with the address and the port.
   * @throws SocketError `LISTEN` or `RESOLVE` where the address or the port is not to be had; StopwaitError `INSECURE` for
   * an address that is not loopback's, where everybody could write
   */
  async listen(options: ListenOptions = {}): Promise<Address> {
    refuseUnknownKeys(options, LISTEN_KEYS);
    const { host = "127.0.0.1", port } = options;
    requireText("host", host);
    const at = { host, ...resolveNumbers({ port }, { port: { default: DEFAULT_PORT, min: 0, max: 65_535 } }) };
    if (this.#state !== "new") throw new StopwaitError("STATE", "a server listens once");
    this.#state = "listening";
    this.#refuseOpenWriting(host);
    const { directory, writable } = this.#options;
    const { receiveBufferBytes } = this.#numbers;
    const sizes = { receiveBufferBytes, sendBufferBytes: receiveBufferBytes };
    let loop: MachineLoop<ServerOutput> | undefined;
    const files = new TransferFiles({ root: directory, deliver: (result) => loop?.feed(result) });
    const socket = await UdpSocket.bind(at, sizes, {
      datagram: (bytes, from) => loop?.feed({ type: "datagram", from, bytes }),
      drained: () => loop?.resume(),
      refused: () => {},
      failed: (error) => this.#logger.warn({ code: error.code, why: error.message }, "a datagram could not be sent"),
    });
    if (this.isClosed) {
      await socket.close();
      throw new SocketError("LISTEN", "the server was closed");
    }
    const told = { ...this.#options, platform: nodePlatform, receiveBufferBytes: socket.receiveBufferBytes };
    loop = new MachineLoop(this.createMachine(told), socket, files, (served) => this.#served(served));
    const sweeper = writable === true ? this.#sweep(files) : undefined;
    this.#running = { socket, files, loop, sweeper };
    return socket.local;
  }

  get isClosed(): boolean {
    return this.#state === "closed";
  }

  /** Stops at once. What was being fetched ends there; what was being stored is kept, and its client can go on with it. */
  async close(): Promise<void> {
    this.#state = "closed";
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    const { socket, files, loop, sweeper } = running;
    loop.feed({ type: "stop" });
    loop.stop();
    sweeper?.close();
    await Promise.all([files.close(), socket.close()]);
    if (this.#options.writable === true) files.parts.removeIfEmpty();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #refuseOpenWriting(host: string): void {
    const { writable, secret, insecureWrite } = this.#options;
    if (writable !== true || isLoopback(host) || host === "localhost") return;
    if (secret !== undefined || insecureWrite === true) return;
    throw new StopwaitError(
      "INSECURE",
      `writable on ${host} lets everybody who reaches it store files: it needs secret, or insecureWrite`,
    );
  }

  #sweep(files: TransferFiles): PartSweeper {
    const sweeper = new PartSweeper(files.parts, this.#numbers.partTtlMs, (removed) => {
      this.#logger.info({ removed }, "parts that nobody came back for were removed");
    });
    void sweeper.sweep();
    return sweeper;
  }

  #served({ type: _, ...served }: Extract<ServerOutput, { readonly type: "served" }>): void {
    if (servedChannel.hasSubscribers) servedChannel.publish(served);
    this.emit("served", served);
    this.#logger.info(served, "transfer");
  }
}

/**
 * Creates a server and starts to listen.
 *
 * ```ts
 * const { server, port } = await serve({ directory: "shared", port: 0 });
 * ```
 */
export async function serve(
  options: StopwaitUdpServerOptions & ListenOptions,
): Promise<{ readonly server: StopwaitUdpServer; readonly host: string; readonly port: number }> {
  refuseUnknownKeys(options, { ...SERVER_KEYS, ...LISTEN_KEYS });
  const { host, port, ...rest } = options;
  const server = new StopwaitUdpServer(rest);
  return { server, ...(await server.listen({ host, port })) };
}

/** Drives a server machine: sockets, stores, shared logs and snapshots on one side, its inputs and outputs on the other. */
import type { Socket } from "node:net";
import type { ServerEvent, ServerInput, ServerOutput, Snapshot } from "../core/server-contract.js";
import type { Log, SharedLog } from "./log.js";
import type { Logger } from "./logger.js";
import { type LoopedMachine, MachineLoop } from "./machine-loop.js";
import { RoomWrites } from "./room-writes.js";
import { ServerConnection } from "./server-connection.js";
import { isTlsHello } from "./tls-words.js";
import { messageOf } from "./trouble.js";

export interface ServerDriverOptions {
  readonly log: Log;
  readonly highWaterBytes: number;
  readonly lingerMs: number;
  /** How long a shared log may take to answer what was asked before the end (B40). */
  readonly engineMs: number;
  readonly snapshot: ((room: string) => Promise<Snapshot | undefined> | Snapshot | undefined) | undefined;
  readonly logger: Logger;
  /** Told of every event of the machine. */
  readonly onEvent: (event: ServerEvent) => void;
}

export class ServerDriver {
  readonly #options: ServerDriverOptions;
  readonly #loop: MachineLoop<ServerInput, ServerOutput>;
  readonly #connections = new Map<number, ServerConnection>();
  readonly #writes: RoomWrites | undefined;
  /** What was asked of a log and has not come to its end, writes apart. */
  #asked = 0;
  #lastConnection = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ServerDriverOptions, machine: LoopedMachine<ServerInput, ServerOutput>) {
    this.#options = options;
    this.#loop = new MachineLoop(machine, (output) => this.#perform(output));
    if (options.log.kind !== "durable") return;
    this.#writes = new RoomWrites(options.log.store, {
      stored: (room, id) => this.#loop.feed({ type: "stored", room, id }),
      failed: (room, id, error) => this.#storeFailed(room, id, error),
      idle: () => this.#checkIdle(),
    });
  }

  /** Takes the log for this process. @throws what the log says */
  async start(): Promise<void> {
    const { log } = this.#options;
    if (log.kind === "durable") await log.store.start();
    if (log.kind === "shared") {
      await log.shared.start({
        entries: (room, first, entries) => this.#loop.feed({ type: "sharedEntries", room, first, entries }),
        lost: (room, message) => this.#loop.feed({ type: "sharedLost", room, message }),
        warning: (message) => this.#options.logger.warn({}, message),
      });
    }
  }

  /** A connection that can be talked on. */
  accept(socket: Socket): void {
    const connection = new ServerConnection(++this.#lastConnection, socket, this.#options, this.#connectionEvents);
    this.#connections.set(connection.number, connection);
    this.#options.logger.debug({ connection: connection.number, peer: connection.peer }, "connection");
    this.#loop.feed({ type: "opened", connection: connection.number });
  }

  /** Says SHUTDOWN to all; resolves when everything that was taken is committed or has failed, and the log is closed (B29). */
  async stop(): Promise<void> {
    const { log, engineMs } = this.#options;
    this.#loop.feed({ type: "shutdown" });
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      if (log.kind === "shared") timer = setTimeout(resolve, engineMs);
      this.#checkIdle();
    });
    clearTimeout(timer);
    this.#loop.stop();
    for (const connection of this.#connections.values()) connection.end();
    this.#connections.clear();
    if (log.kind === "durable") await log.store.close();
    if (log.kind === "shared") await log.shared.close();
  }

  readonly #connectionEvents = {
    data: (connection: ServerConnection, bytes: Uint8Array): void => {
      if (connection.isNew) {
        connection.isNew = false;
        if (isTlsHello(bytes)) {
          this.#refuseTls(connection);
          return;
        }
      }
      connection.cork();
      this.#loop.feed({ type: "data", connection: connection.number, bytes });
      connection.uncork();
    },
    drained: ({ number }: ServerConnection): void => this.#loop.feed({ type: "drained", connection: number }),
    closed: ({ number }: ServerConnection): void => {
      if (!this.#connections.delete(number)) return;
      this.#options.logger.debug({ connection: number }, "disconnection");
      this.#loop.feed({ type: "closed", connection: number });
    },
  };

  /** The machine would see a frame without end in it, and its answer be no TLS either. */
  #refuseTls({ number, peer }: ServerConnection): void {
    this.#options.logger.warn({ peer }, "a client speaks TLS, and this server does not");
    const connection = this.#connections.get(number);
    this.#connections.delete(number);
    connection?.end();
    this.#loop.feed({ type: "closed", connection: number });
  }

  #perform(output: ServerOutput): void {
    switch (output.type) {
      case "sendAll":
        this.#sendAll(output.connections, output.bytes);
        return;
      case "send":
        this.#send(this.#connections.get(output.connection), output.bytes);
        return;
      case "event":
        this.#options.onEvent(output.event);
        return;
      case "close": {
        const connection = this.#connections.get(output.connection);
        this.#connections.delete(output.connection);
        connection?.end();
        return;
      }
      case "pause":
        this.#connections.get(output.connection)?.pause();
        return;
      case "resume":
        this.#connections.get(output.connection)?.resume();
        return;
      case "takeSnapshot":
        this.#takeSnapshot(output);
        return;
      case "storeMeta":
        this.#writes?.add(output.room, output.id, { type: "meta", meta: output.meta });
        return;
      case "storeSegment":
        this.#writes?.add(output.room, output.id, { type: "segment", segment: output.segment });
        return;
      case "trim": {
        const { room, id, upTo, checkpoint } = output;
        this.#writes?.add(room, id, { type: "trim", upTo, checkpoint });
        return;
      }
      case "open":
      case "read":
        this.#askStore(output);
        return;
      case "share":
        this.#askShared(output);
        return;
      case "unshare":
        this.#shared.forget(output.room);
        return;
    }
  }

  /** The hot path: the same bytes to many, as one Buffer, which each write would otherwise make of them anew. */
  #sendAll(numbers: readonly number[], bytes: Uint8Array): void {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const connections = this.#connections;
    for (let i = 0; i < numbers.length; i++) this.#send(connections.get(numbers[i] as number), buffer);
  }

  #send(connection: ServerConnection | undefined, bytes: Uint8Array): void {
    // Told at once, but handed in when all outputs of this turn are performed.
    if (connection?.write(bytes) === true) this.#loop.feed({ type: "full", connection: connection.number });
  }

  #takeSnapshot({ room, id }: Extract<ServerOutput, { type: "takeSnapshot" }>): void {
    const { snapshot, logger } = this.#options;
    const given = async (): Promise<Snapshot | undefined> => snapshotOf(await snapshot?.(room));
    given().then(
      (taken) => this.#loop.feed({ type: "snapshot", room, id, ...(taken === undefined ? {} : { snapshot: taken }) }),
      (error: unknown) => {
        logger.error({ room, error }, "the application gave no snapshot");
        this.#loop.feed({ type: "snapshot", room, id });
      },
    );
  }

  #askStore(output: Extract<ServerOutput, { type: "open" | "read" }>): void {
    const { log } = this.#options;
    const { room } = output;
    const ask = async (): Promise<ServerInput> => {
      if (log.kind !== "durable") throw new Error("there is no durable log");
      if (output.type === "open") return { type: "roomOpened", room, recovered: await log.store.open(room) };
      const { id, from, maxBytes } = output;
      return { type: "segments", room, id, segments: await log.store.read(room, from, maxBytes) };
    };
    this.#ask(ask(), (error) => this.#storeFailed(room, output.type === "open" ? 0 : output.id, error));
  }

  #askShared({ room, id, request }: Extract<ServerOutput, { type: "share" }>): void {
    const ask = async (): Promise<ServerInput> => {
      return { type: "shared", room, id, answer: await this.#shared.ask(room, request) };
    };
    this.#ask(ask(), (error) => {
      this.#options.logger.debug({ room, op: request.op, error }, "the shared log did not answer");
      this.#loop.feed({ type: "sharedFailed", room, id, message: messageOf(error) });
    });
  }

  #ask(answer: Promise<ServerInput>, failed: (error: unknown) => void): void {
    this.#asked++;
    const ended = (): void => {
      this.#asked--;
      this.#checkIdle();
    };
    answer.then((input) => this.#loop.feed(input), failed).finally(ended);
  }

  #storeFailed(room: string, id: number, error: unknown): void {
    this.#options.logger.error({ room, error }, "the log of a room failed");
    this.#loop.feed({ type: "storeFailed", room, id, message: messageOf(error) });
  }

  #checkIdle(): void {
    if (this.#onIdle !== undefined && this.#asked === 0 && this.#writes?.isIdle !== false) this.#onIdle();
  }

  get #shared(): SharedLog {
    const { log } = this.#options;
    if (log.kind !== "shared") throw new Error("there is no shared log");
    return log.shared;
  }
}

/** What an application may give. @throws TypeError for anything else: it would come to light in the midst of a turn */
function snapshotOf(given: Snapshot | undefined): Snapshot | undefined {
  if (given === undefined) return undefined;
  if (typeof given === "object" && given?.bytes instanceof Uint8Array) return given;
  throw new TypeError("a snapshot must have upTo and bytes, a Uint8Array, or be undefined");
}

/** Drives a server machine: sockets, the store and attempts on one side, its inputs and outputs on the other. */
import type { Socket } from "node:net";
import { join } from "node:path";
import type { ServerEvent, ServerInput, ServerOutput } from "../core/server-contract.js";
import type { StartAction } from "./engine.js";
import type { Fifos } from "./fifos.js";
import type { Launcher } from "./launch.js";
import type { Logger } from "./logger.js";
import { type LoopedMachine, MachineLoop } from "./machine-loop.js";
import { ReadyRuns } from "./ready-runs.js";
import { Run } from "./run.js";
import { type ConnectionBounds, ServerConnection } from "./server-connection.js";
import type { StateFolder } from "./state-folder.js";
import type { Store } from "./store.js";
import { Uploads } from "./uploads.js";

export interface ServerDriverOptions extends ConnectionBounds {
  readonly folder: StateFolder;
  readonly store: Store;
  readonly fifos: Fifos;
  readonly launcher: Launcher;
  /** Default: actions run on this machine. */
  readonly start?: StartAction | undefined;
  /** Attempts that are made ready beforehand. */
  readonly readyRuns: number;
  readonly logger: Logger;
  /** Told of every event of the machine. */
  readonly onEvent: (event: ServerEvent) => void;
}

export class ServerDriver {
  readonly #options: ServerDriverOptions;
  readonly #loop: MachineLoop<ServerInput, ServerOutput>;
  readonly #connections = new Map<number, ServerConnection>();
  readonly #uploads: Uploads;
  readonly #ready: ReadyRuns | undefined;
  readonly #runs = new Map<number, Run>();
  readonly #toFlush = new Set<ServerConnection>();
  #lastConnection = 0;
  #onIdle: (() => void) | undefined;

  constructor(options: ServerDriverOptions, machine: LoopedMachine<ServerInput, ServerOutput>) {
    this.#options = options;
    this.#loop = new MachineLoop(machine, {
      perform: (output) => this.#perform(output),
      settled: () => this.#flush(),
    });
    this.#uploads = new Uploads(options.folder.uploads, options.store, (input) => this.#loop.tell(input));
    const { folder, launcher, fifos, readyRuns: most, logger, start } = options;
    const trouble = (message: string): void => logger.warn({}, message);
    this.#ready =
      start === undefined ? new ReadyRuns({ runs: folder.runs, launcher, fifos, most, trouble }) : undefined;
  }

  /** Makes the first attempts ready. */
  begin(): void {
    this.#ready?.refill();
  }

  accept(socket: Socket): void {
    const connection = new ServerConnection(++this.#lastConnection, socket, this.#options, this.#connectionEvents);
    this.#connections.set(connection.number, connection);
    this.#options.logger.debug({ connection: connection.number, peer: connection.peer }, "connection");
    const { number, address } = connection;
    this.#loop.tell({ type: "opened", connection: number, address });
  }

  load(busyCores: number): void {
    this.#loop.tell({ type: "load", busyCores });
  }

  /** Cancels all that runs, says so to all, and resolves when no process, folder or upload is left. */
  async stop(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#loop.tell({ type: "shutdown" });
    });
    this.#loop.stop();
    for (const connection of this.#connections.values()) connection.end();
    this.#connections.clear();
    await Promise.all([this.#uploads.close(), this.#ready?.close()]);
  }

  readonly #connectionEvents = {
    data: (connection: ServerConnection, bytes: Uint8Array): void => {
      this.#loop.tell({ type: "data", connection: connection.number, bytes });
    },
    full: ({ number }: ServerConnection): void => this.#loop.tell({ type: "full", connection: number }),
    drained: ({ number }: ServerConnection): void => this.#loop.tell({ type: "drained", connection: number }),
    closed: ({ number }: ServerConnection): void => {
      if (!this.#connections.delete(number)) return;
      this.#options.logger.debug({ connection: number }, "disconnection");
      this.#loop.tell({ type: "closed", connection: number });
    },
  };

  #perform(output: ServerOutput): void {
    switch (output.type) {
      case "send":
        return this.#send(output.connection, output.bytes);
      case "close":
        return this.#close(output.connection);
      case "pause":
        return this.#connections.get(output.connection)?.pause();
      case "resume":
        return this.#connections.get(output.connection)?.resume();
      case "openUpload":
        return this.#uploads.open(output.upload, output.size, output.digest);
      case "writeUpload":
        return this.#uploads.write(output.upload, output.bytes);
      case "endUpload":
        return this.#uploads.end(output.upload);
      case "dropUpload":
        return this.#uploads.drop(output.upload);
      case "evict":
        return this.#options.store.drop(output.digest);
      case "start":
        return this.#start(output);
      case "pull":
        return this.#runs.get(output.run)?.pull(output.stream, output.maxBytes);
      case "kill":
        return this.#runs.get(output.run)?.kill(output.hard);
      case "collect":
        return this.#runs.get(output.run)?.collect(output.wanted, output.newestOnly);
      case "readOutput":
        return this.#runs.get(output.run)?.readOutput(output.index, output.offset, output.maxBytes);
      case "remove":
        void this.#runs.get(output.run)?.remove();
        return;
      case "idle":
        this.#onIdle?.();
        return;
      case "event":
        return this.#options.onEvent(output.event);
    }
  }

  #send(number: number, bytes: Uint8Array): void {
    const connection = this.#connections.get(number);
    if (connection === undefined) return;
    connection.send(bytes);
    this.#toFlush.add(connection);
  }

  #flush(): void {
    const corked = [...this.#toFlush];
    this.#toFlush.clear();
    for (const connection of corked) connection.flush();
  }

  #close(number: number): void {
    const connection = this.#connections.get(number);
    this.#connections.delete(number);
    connection?.end();
  }

  #start({ run: number, job }: Extract<ServerOutput, { type: "start" }>): void {
    const { folder, store, fifos, launcher, start, logger } = this.#options;
    const run = new Run(number, join(folder.runs, String(number)), {
      launcher,
      store,
      fifos,
      start,
      ready: this.#ready,
      tell: (input) => {
        if (input.type === "removed") this.#runs.delete(number);
        this.#loop.tell(input);
      },
      trouble: (message) => logger.error({ run: number }, message),
    });
    this.#runs.set(number, run);
    run.start(job);
  }
}

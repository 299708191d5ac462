/** What a server of the simulation is given, and what the run is told of it. */
import type { Platform, ServerEvent, ServerMachine, ServerMachineOptions, Welcome } from "../../src/core/index.js";
import type { StoreMutation } from "./durable-store.js";
import type { RoomModel } from "./room-model.js";
import type { SharedEngine } from "./shared-engine.js";

export const PORT = 8081;

/** The shipped machine, or one with a bug. */
export type ServerMachineClass = new (now: number, options: ServerMachineOptions, platform: Platform) => ServerMachine;

/** What the whole run knows of servers. */
export interface ServerSurroundings {
  readonly options: ServerMachineOptions;
  readonly Machine: ServerMachineClass;
  readonly store: StoreMutation;
  /** What waits to be sent, and from where on that is too much. */
  readonly unsent: (connection: number) => number;
  readonly highWaterBytes: number;
  readonly lingerMs: number;
  /** How long reads of the store and snapshots take. */
  readonly effectMs: number;
  readonly modelOf: (room: string) => RoomModel;
  /** The room that a client's node names in its HELLO. */
  readonly roomOf: (node: string) => string;
  readonly incarnationOf: (node: string) => number;
  readonly engine: SharedEngine | undefined;
  readonly watch: ServerWatch;
}

/** What the run is told. */
export interface ServerWatch {
  event(node: string, event: ServerEvent): void;
  welcomed(node: string, welcome: Welcome): void;
  /** A connection to it is closed by the server, with this code. */
  /** @param byOlder for a connection that the same process had made before it, and given up */
  closed(node: string, code: string, byOlder: boolean): void;
  delivered(entries: number): void;
  /** All up to it was acknowledged, it says, by whom it is connected to. */
  stable(room: string, upTo: number, connected: readonly string[]): void;
}

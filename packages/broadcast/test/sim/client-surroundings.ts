/** What a client of the simulation is given, and what it may be told to do. */
import type { ClientMachine, ClientMachineOptions, Platform, Position } from "../../src/core/index.js";
import type { ClientRecord } from "./client-record.js";

/** The shipped machine, or one with a bug. */
export type ClientMachineClass = new (options: ClientMachineOptions, platform: Platform) => ClientMachine;

export interface ClientSurroundings {
  readonly options: ClientMachineOptions;
  readonly Machine: ClientMachineClass;
  readonly record: ClientRecord;
  /** Servers or gateways, in the order in which they are tried. */
  readonly servers: readonly string[];
  readonly unsent: (connection: number) => number;
  readonly highWaterBytes: number;
  /** What the application takes for what it was given at once. */
  readonly handleMs: number;
  readonly savesPosition: boolean;
  /** The position of another node, whose copy this one is. */
  readonly copied: (() => Position | undefined) | undefined;
  /** Something that liveness depends on has changed. */
  readonly changed: () => void;
  /** What the application is told, in words: for who compares two runs. */
  readonly observed: ((what: string) => void) | undefined;
}

export type ClientCommand =
  | { readonly type: "publish"; readonly count: number; readonly bytes: number }
  /** The application handles nothing. */
  | { readonly type: "stop-handling"; readonly forMs: number }
  /** The socket is not read. */
  | { readonly type: "stop-reading"; readonly forMs: number }
  | { readonly type: "leave"; readonly waitMs: number };

/** What runs the commands of a server: its machine's own processes, or those of others, in a folder that both see (R50). */
import type { StreamName } from "../core/server-contract.js";
import type { Measured } from "./meter.js";
import { ActionProcess, type SpawnOptions } from "./spawn.js";

/** One action that runs. Its streams are pulled, one piece at a time. */
export interface RunningAction {
  /** The end of the command's first process, once. Never rejects: what could not be run is `failed`. */
  readonly ended: Promise<Measured>;
  /** At most so many bytes, at least one; undefined at the end. One at a time and stream. */
  pull(stream: StreamName, maxBytes: number): Promise<Uint8Array | undefined>;
  /** SIGTERM to the command's process group, or the end of everything that belongs to the action. */
  kill(hard: boolean): void;
  /** Kills what is left, and resolves when nothing of it is. What was printed can still be pulled. */
  killAll(): Promise<void>;
  /** As `killAll`, and gives up the streams. Once. */
  end(): Promise<void>;
}

/** Starts actions. @throws what could not be done; nothing of it is left then */
export type StartAction = (options: SpawnOptions) => Promise<RunningAction>;

/** Where a server's actions run, if not beside it. */
export interface ActionEngine {
  /** Processors for actions: a server's `cores`, unless its options say otherwise. */
  readonly cores: number;
  readonly start: StartAction;
  /** Processors that are busy with what is not the server's, as far as is known at the moment. */
  busyCores(): number;
}

/** On the server's own machine. */
export const startHere: StartAction = (options) => ActionProcess.start(options);

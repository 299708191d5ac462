/** What is asked of a run, and who is told of it (docs/rake.md R22 to R26). */

import type { RunEnd } from "./messages.js";
import type { FoundOutput, Job, StreamName } from "./server-contract.js";

/** Who is told of it. */
export interface RunOwner {
  /** Bytes of streams and outputs that may be asked for now, those included that were asked for and have not come. */
  room(): number;
  started(now: number): void;
  /** Digests that the store has no more. The slot and the pins are the owner's again, and nothing more comes of the run. */
  inputsGone(gone: readonly string[], now: number): void;
  printed(stream: StreamName, offset: number, bytes: Uint8Array): void;
  /** How it ended; once, before its outputs. */
  status(end: RunEnd, outputs: readonly FoundOutput[]): void;
  output(output: FoundOutput, offset: number, bytes: Uint8Array, last: boolean): void;
  /** Behind a status: an output cannot be read any more, or was not taken for the time that an action may run. */
  unreadable(message: string, isIdle: boolean, now: number): void;
  /** Nothing is left of it, its slot is free. The last call. */
  removed(now: number): void;
}

export interface RunOrder {
  readonly job: Job;
  readonly wanted: readonly string[];
  readonly newestOnly: boolean;
  readonly timeoutMs: number;
}

/** What the client's machine is told and may ask for (docs/machine.md, docs/rake.md R28 to R40). */

import type { HostFacts, PriceParts, Refusal, RunEnd } from "./messages.js";
import type { StreamName } from "./server-contract.js";

/**
 * Hosts are their index in the plan. Links (connections), attempts, and the ids of asked effects are numbers that the machine draws
 * and does not use twice.
 */
export type ClientInput =
  /** Once, at the beginning. */
  | { readonly type: "begin" }
  | { readonly type: "connected"; readonly link: number }
  | { readonly type: "data"; readonly link: number; readonly bytes: Uint8Array }
  | { readonly type: "full"; readonly link: number }
  | { readonly type: "drained"; readonly link: number }
  /** It could not be made, or is gone. */
  | { readonly type: "closed"; readonly link: number; readonly why: string }
  | { readonly type: "tick" }
  | {
      readonly type: "hashed";
      readonly id: number;
      readonly digest: string;
      readonly size: number;
      readonly mode: number;
    }
  | { readonly type: "hashFailed"; readonly id: number; readonly message: string }
  /** What `readInput` asked for: at least one byte, unless the file is empty. */
  | { readonly type: "inputBytes"; readonly id: number; readonly bytes: Uint8Array }
  /** It cannot be read, or is not what was hashed any more. */
  | { readonly type: "inputFailed"; readonly id: number; readonly message: string }
  /** Of a local attempt. */
  | { readonly type: "localStarted"; readonly attempt: number }
  /** `made`: what one that ran `apart` has for its commit; without it, nothing. */
  | {
      readonly type: "localEnded";
      readonly attempt: number;
      readonly end: RunEnd;
      readonly made?: readonly MadeHere[];
    }
  /** So many bytes of an attempt's streams and outputs are written away: credit may be given (R18). */
  | { readonly type: "took"; readonly attempt: number; readonly bytes: number }
  /** An output of it is whole in the attempt's folder, and has this digest. */
  | { readonly type: "outputWritten"; readonly attempt: number; readonly path: string; readonly digest: string }
  | { readonly type: "outputFailed"; readonly attempt: number; readonly path: string; readonly message: string }
  /** All outputs stand in their places; or some do not, and the build cannot go on. */
  | { readonly type: "committed"; readonly attempt: number }
  | { readonly type: "commitFailed"; readonly attempt: number; readonly message: string }
  /** What `lookUp` asked for: the key that was found, its outputs now being those of `attempt`, its output kept for it. */
  | { readonly type: "found"; readonly id: number; readonly key: string; readonly outputs: readonly string[] }
  | { readonly type: "notFound"; readonly id: number }
  /** Ctrl-C (R38). */
  | { readonly type: "cancel" };

export type ClientOutput =
  | { readonly type: "connect"; readonly link: number; readonly host: number }
  | { readonly type: "send"; readonly link: number; readonly bytes: Uint8Array }
  /** Once what was sent has gone. No `closed` is awaited. */
  | { readonly type: "disconnect"; readonly link: number }
  | { readonly type: "hash"; readonly id: number; readonly path: string }
  /** Read a piece of a file that was hashed. */
  | {
      readonly type: "readInput";
      readonly id: number;
      readonly path: string;
      readonly offset: number;
      readonly maxBytes: number;
    }
  /** Its streams go where `show` would put them. */
  | {
      readonly type: "runLocal";
      readonly attempt: number;
      readonly action: number;
      readonly command: string;
      /** Not in the Rakefile's folder, but in one of its own that has these inputs alone; what it makes is the attempt's (R32). */
      readonly apart?: { readonly inputs: readonly InputHere[]; readonly wanted: readonly string[] };
    }
  | { readonly type: "killLocal"; readonly attempt: number; readonly hard: boolean }
  /** Outputs of an attempt, one after another, into its own folder (R35). */
  | {
      readonly type: "openOutput";
      readonly attempt: number;
      readonly path: string;
      readonly mode: number;
      readonly size: number;
    }
  | { readonly type: "writeOutput"; readonly attempt: number; readonly path: string; readonly bytes: Uint8Array }
  | { readonly type: "endOutput"; readonly attempt: number; readonly path: string }
  /** Rename these into their places; then `committed` or `commitFailed`. */
  | { readonly type: "commit"; readonly attempt: number; readonly paths: readonly string[] }
  /** What the attempt wrote and kept is not wanted. */
  | { readonly type: "discard"; readonly attempt: number }
  /** Show it now, or keep it in a file until `showKept` (R36). */
  | { readonly type: "show"; readonly attempt: number; readonly stream: StreamName; readonly bytes: Uint8Array }
  | { readonly type: "keep"; readonly attempt: number; readonly stream: StreamName; readonly bytes: Uint8Array }
  | { readonly type: "showKept"; readonly attempt: number }
  /** The first of these keys that the cache has (R39). */
  | { readonly type: "lookUp"; readonly id: number; readonly attempt: number; readonly keys: readonly string[] }
  /** Put the attempt's outputs, before they are committed, and what it printed under this key. */
  | { readonly type: "remember"; readonly attempt: number; readonly key: string; readonly paths: readonly string[] }
  | { readonly type: "event"; readonly event: BuildEvent }
  /** The last output. */
  | { readonly type: "finished"; readonly result: BuildResult };

export interface InputHere {
  readonly path: string;
  readonly digest: string;
  readonly mode: number;
}

/** An output that is whole in the folder of its attempt. */
export interface MadeHere {
  readonly path: string;
  readonly size: number;
}

export type Where = { readonly host: number } | "local" | "cache";

/** Everything that happens, for status lines, timelines and `rake explain` (R40); each with `at`, the machine's time. */
export type BuildEvent = { readonly at: number } & (
  | { readonly type: "setStarted"; readonly set: number }
  | { readonly type: "setEnded"; readonly set: number; readonly succeeded: boolean }
  | { readonly type: "hostUp"; readonly host: number; readonly facts: HostFacts }
  | { readonly type: "hostLost"; readonly host: number; readonly why: string; readonly backoffMs: number }
  /** It is still there, but an attempt came to nothing by its fault (R32). */
  | { readonly type: "hostBackedOff"; readonly host: number; readonly why: string; readonly backoffMs: number }
  | { readonly type: "quoted"; readonly action: number; readonly round: number; readonly hosts: readonly number[] }
  | {
      readonly type: "bid";
      readonly action: number;
      readonly round: number;
      readonly host: number;
      readonly parts: PriceParts;
      /** With what was learned of the host (R30). */
      readonly priceMs: number;
      readonly missingBytes: number;
    }
  | {
      readonly type: "refused";
      readonly action: number;
      readonly round: number;
      readonly host: number;
      readonly reason: Refusal;
      readonly text: string;
      readonly retryAfterMs: number;
    }
  | {
      readonly type: "placed";
      readonly action: number;
      readonly attempt: number;
      readonly where: Where;
      readonly expectedMs: number;
      /** "bid", "speculation", "retry", "fallback", "local" or "cache". */
      readonly why: string;
    }
  | {
      readonly type: "sent";
      readonly action: number;
      readonly attempt: number;
      readonly bytes: number;
      readonly savedBytes: number;
    }
  | { readonly type: "started"; readonly action: number; readonly attempt: number }
  | { readonly type: "ended"; readonly action: number; readonly attempt: number; readonly end: RunEnd }
  /** The attempt came to nothing, and what follows: the action is placed again, or fails. */
  | {
      readonly type: "attemptLost";
      readonly action: number;
      readonly attempt: number;
      readonly why: string;
      readonly again: boolean;
    }
  | {
      readonly type: "received";
      readonly action: number;
      readonly attempt: number;
      readonly outputs: number;
      readonly bytes: number;
    }
  | { readonly type: "won"; readonly action: number; readonly attempt: number; readonly others: number }
  | { readonly type: "actionFailed"; readonly action: number; readonly message: string }
  | { readonly type: "actionSucceeded"; readonly action: number; readonly attempt: number }
);

export interface BuildResult {
  readonly outcome: "succeeded" | "failed" | "cancelled";
  /** "ACTION_FAILED", "NO_HOST", "CANCELLED", "INPUT" or "OUTPUT"; empty where it succeeded. */
  readonly code: string;
  readonly message: string;
  /** Actions, by how they ended. */
  readonly succeeded: number;
  readonly failed: number;
  readonly notRun: number;
}

/** What was learned, kept between builds (R30). */
export interface Learned {
  /** Kind to milliseconds on a host of speed 1. */
  readonly workMs: Readonly<Record<string, number>>;
  /** "host:port" to what runs took over what was expected, and bytes per second up. */
  readonly hosts: Readonly<Record<string, { readonly slowdown: number; readonly bytesPerSecond: number }>>;
}

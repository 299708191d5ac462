/** What the server machine is told and may ask for (docs/machine.md, docs/rake.md). */

import type { Refusal, RunEnd } from "./messages.js";

export type StreamName = "stdout" | "stderr";

/** Connections, uploads and runs are numbers that are not used twice: the driver draws the first, the machine the others. */
export type ServerInput =
  /** `address`: whose it is, as far as connections are counted (R42); without it, it is counted with no other. */
  | { readonly type: "opened"; readonly connection: number; readonly address?: string }
  /** What one read brought. The machine keeps no view of it beyond the call. */
  | { readonly type: "data"; readonly connection: number; readonly bytes: Uint8Array }
  /** More than the high-water mark waits to be sent: the driver reads no more from it ... */
  | { readonly type: "full"; readonly connection: number }
  /** ... and now all of it has been taken: it reads on. */
  | { readonly type: "drained"; readonly connection: number }
  /** The connection is gone, or its peer ended it. Nothing more comes of it. */
  | { readonly type: "closed"; readonly connection: number }
  | { readonly type: "tick" }
  /** Cores that are busy with what is not ours, about each second (R29). */
  | { readonly type: "load"; readonly busyCores: number }
  /** So many bytes more of it are written away: credit may be given for them (R18). */
  | { readonly type: "uploadTook"; readonly upload: number; readonly bytes: number }
  /** All is there, and this is its digest: it stands in the store under it, unless another was expected: then it is gone. */
  | { readonly type: "uploaded"; readonly upload: number; readonly digest: string }
  | { readonly type: "uploadFailed"; readonly upload: number; readonly message: string; readonly diskFull: boolean }
  | { readonly type: "started"; readonly run: number }
  /** It could not be started. `gone`: digests that the store has no more, or not as they were (R46). */
  | {
      readonly type: "startFailed";
      readonly run: number;
      readonly message: string;
      readonly gone: readonly string[];
    }
  /** What a `pull` asked for, at least one byte. */
  | { readonly type: "printed"; readonly run: number; readonly stream: StreamName; readonly bytes: Uint8Array }
  /** Answers a `pull` too, once: nothing more comes. */
  | { readonly type: "streamEnded"; readonly run: number; readonly stream: StreamName }
  /** The command's first process is gone. Its streams may go on for as long as another holds them open. */
  | { readonly type: "ended"; readonly run: number; readonly end: RunEnd }
  | { readonly type: "collected"; readonly run: number; readonly outputs: readonly FoundOutput[] }
  /** `limited`: more than R25 allows, or a pattern that nothing matches; else a disk that fails. */
  | { readonly type: "collectFailed"; readonly run: number; readonly limited: boolean; readonly message: string }
  | { readonly type: "outputBytes"; readonly run: number; readonly index: number; readonly bytes: Uint8Array }
  /** It cannot be read, or is not what was collected any more. */
  | { readonly type: "outputFailed"; readonly run: number; readonly index: number; readonly message: string }
  /** What `remove` asked for: no process of it is left, its folder is gone. */
  | { readonly type: "removed"; readonly run: number }
  /** Finish nothing more: cancel all, say BYE SHUTDOWN, and answer `idle` when every run is removed. */
  | { readonly type: "shutdown" };

export type ServerOutput =
  /** The bytes are the driver's from here on. */
  | { readonly type: "send"; readonly connection: number; readonly bytes: Uint8Array }
  /** End the connection once what was sent has gone. No `closed` is awaited. */
  | { readonly type: "close"; readonly connection: number; readonly why: string }
  /** Read no more from the connection, for want of disk, until `resume` (v1 has no credit). */
  | { readonly type: "pause" | "resume"; readonly connection: number }
  /** A file that comes in pieces, in order; `digest` where one is expected (v2), undefined for v1. */
  | { readonly type: "openUpload"; readonly upload: number; readonly size: number; readonly digest?: string }
  /** The bytes may be a view of what `data` brought. */
  | { readonly type: "writeUpload"; readonly upload: number; readonly bytes: Uint8Array }
  | { readonly type: "endUpload"; readonly upload: number }
  /** Never behind `endUpload`. Nothing is answered. */
  | { readonly type: "dropUpload"; readonly upload: number }
  /** Make its folder with its inputs alone, and run it there; then `started`, or `startFailed`. */
  | { readonly type: "start"; readonly run: number; readonly job: Job }
  /** Read from the stream, at most so many bytes: one `printed` or `streamEnded`. One at a time and stream. */
  | { readonly type: "pull"; readonly run: number; readonly stream: StreamName; readonly maxBytes: number }
  /** The whole process group: SIGTERM, or SIGKILL where `hard`. */
  | { readonly type: "kill"; readonly run: number; readonly hard: boolean }
  /** Compare the folder with what it was at the start (R25); `wanted` are patterns. `newestOnly`: v1, the one written last. */
  | { readonly type: "collect"; readonly run: number; readonly wanted: readonly string[]; readonly newestOnly: boolean }
  | {
      readonly type: "readOutput";
      readonly run: number;
      readonly index: number;
      readonly offset: number;
      readonly maxBytes: number;
    }
  /** Kill what is left of it, remove its folder; then `removed`. May come at any time after `start`, once. */
  | { readonly type: "remove"; readonly run: number }
  /** The store gives up this file. */
  | { readonly type: "evict"; readonly digest: string }
  /** After `shutdown`: everything is gone. */
  | { readonly type: "idle" }
  | { readonly type: "event"; readonly event: ServerEvent };

export interface Job {
  readonly command: string;
  /** With `allow` (R44): run these words, without a shell. */
  readonly words?: readonly string[];
  readonly inputs: readonly { readonly path: string; readonly digest: string; readonly mode: number }[];
  readonly limits: JobLimits;
}

export interface JobLimits {
  readonly cpuSeconds: number;
  readonly memoryBytes: number;
  readonly processes: number;
  readonly fileBytes: number;
  readonly openFiles: number;
  readonly folderBytes: number;
  readonly outputs: number;
  readonly outputBytes: number;
}

/** An output as it stands in the folder; `index` in `readOutput` is its place in the list. */
export interface FoundOutput {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly digest: string;
}

export type TurnedAwayBy = "maxConnections" | "maxConnectionsPerAddress" | "shutdown";

/** For logs and metrics alone. */
export type ServerEvent =
  | { readonly type: "welcomed"; readonly connection: number }
  | { readonly type: "closed"; readonly connection: number; readonly code: string; readonly why: string }
  /** A connection that was not taken (R42), and by which bound. */
  | { readonly type: "turnedAway"; readonly connection: number; readonly by: TurnedAwayBy; readonly address: string }
  | { readonly type: "bid"; readonly connection: number; readonly costMs: number; readonly missing: number }
  | { readonly type: "refused"; readonly connection: number; readonly reason: Refusal; readonly text: string }
  | { readonly type: "expired"; readonly connection: number; readonly reservation: number }
  | { readonly type: "stored"; readonly digest: string; readonly size: number }
  | { readonly type: "evicted"; readonly digest: string; readonly size: number }
  | { readonly type: "started"; readonly connection: number; readonly run: number; readonly command: string }
  | { readonly type: "ended"; readonly connection: number; readonly run: number; readonly end: RunEnd }
  | { readonly type: "removed"; readonly run: number };

/** For tests, metrics and `rake hosts`. */
export interface ServerView {
  readonly connections: number;
  readonly slots: number;
  readonly reserved: number;
  readonly running: number;
  readonly uploads: number;
  readonly storeFiles: number;
  readonly storeBytes: number;
  readonly pinned: number;
}

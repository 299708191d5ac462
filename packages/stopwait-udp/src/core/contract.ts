/**
 * What every machine of this package is told and may ask for. One vocabulary for sender and receiver, client and server,
 * v1 and v2, so that one driver runs them all (docs/stopwait-udp.md).
 *
 * Files are effects. A driver performs them in the order in which they were asked for, per file, and answers each one
 * that has an `id` exactly once, with its result or with `effect-failed`. What it answers are facts; which code and which
 * message that means is for the machine to say.
 */

/** Where a datagram comes from or goes to. */
export interface Address {
  /** An IP address in its usual text form; in the simulator the name of a node. */
  readonly host: string;
  /** 1 to 65535. */
  readonly port: number;
}

/** A digest as it grows. `copy()` gives one that grows on its own. */
export interface Sha256 {
  update(bytes: Uint8Array): void;
  copy(): Sha256;
  /** The 32 bytes; it is not used again after this. */
  digest(): Uint8Array;
}

/** What the platform must give, as plain synchronous functions (docs/machine.md). */
export interface Platform {
  randomBytes(length: number): Uint8Array;
  sha256(): Sha256;
  hmacSha256(key: Uint8Array, message: Uint8Array): Uint8Array;
  /** Compares two byte strings in a time that depends on their lengths alone. */
  equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean;
  /** CRC-32 as zlib computes it, continued from `start`, where the platform has a fast one. */
  crc32?(bytes: Uint8Array, start: number): number;
}

/** Why a file could not be had: what the driver saw, no more. */
export type FileFact =
  | "missing"
  /** The resolved path is not below the root, or the name cannot be one (NUL, absolute, `..`). */
  | "outside"
  /** A directory, a device, a pipe. */
  | "not-regular"
  /** `commit-part` without `overwrite`: the name is taken. */
  | "exists"
  | "denied"
  /** No room left on the device, or the file became too large for it. */
  | "full"
  /** A source is not the file any more that was opened: its size or time changed while it was read. */
  | "changed"
  /** Anything else; the message tells. */
  | "failed";

/** What a machine wants done with files. `id`s are chosen by the machine, rise, and are never used twice. */
export type FileEffect =
  /** Looks a name up below the root and opens it for reading. From then on the file is called by this `id`. */
  | { readonly type: "open-source"; readonly id: number; readonly name: string }
  /** Reads exactly `length` bytes at `offset`; fewer are `changed`. */
  | {
      readonly type: "read-source";
      readonly id: number;
      readonly source: number;
      readonly offset: number;
      readonly length: number;
    }
  /** Is it still the file that was opened? Answered by `source-same` or by `effect-failed` with `changed`. */
  | { readonly type: "check-source"; readonly id: number; readonly source: number }
  | { readonly type: "close-source"; readonly source: number }
  /**
   * Opens the hidden part of a transfer for writing; from then on it is called by this `id`. `name` is the final name:
   * the driver looks now whether it could be written there, so that a refusal comes before the first block. The part is
   * new and empty; with `claim`, the part of that key is taken over (renamed, once: the second claim finds nothing), and
   * where there is none, a new one is made.
   */
  | {
      readonly type: "open-part";
      readonly id: number;
      readonly name: string;
      /** Names the part on the disk: hexadecimal digits. */
      readonly key: string;
      readonly claim?: string;
      /** Whether the final name may be taken; if not, and it is, the effect fails with `exists`. */
      readonly overwrite: boolean;
    }
  /** Writes at `offset`, which is never beyond the end of the part. */
  | {
      readonly type: "write-part";
      readonly id: number;
      readonly part: number;
      readonly offset: number;
      readonly bytes: Uint8Array;
    }
  | { readonly type: "truncate-part"; readonly id: number; readonly part: number; readonly length: number }
  /** Digests the first `length` bytes of an open source or part, off the event loop. */
  | { readonly type: "hash-prefix"; readonly id: number; readonly file: number; readonly length: number }
  /** fsync, rename to the final name, fsync of the folder. The part is closed whatever comes of it; on failure it is kept. */
  | {
      readonly type: "commit-part";
      readonly id: number;
      readonly part: number;
      readonly overwrite: boolean;
      /** Milliseconds since 1970; undefined leaves the time of writing. */
      readonly modifiedMs?: number;
    }
  /** Closes a part and keeps it on the disk for a later claim. */
  | { readonly type: "close-part"; readonly part: number }
  /** Closes a part and deletes it. */
  | { readonly type: "drop-part"; readonly part: number };

/** How the effects ended. */
export type FileResult =
  | {
      readonly type: "source-opened";
      readonly id: number;
      readonly size: number;
      readonly modifiedMs: number;
      /** Changes whenever the content may have changed: inode, size and time, as the driver sees them. */
      readonly etag: string;
    }
  | { readonly type: "source-read"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: "source-same"; readonly id: number }
  /** `length`: bytes that a claimed part holds, 0 for a new one. */
  | { readonly type: "part-opened"; readonly id: number; readonly length: number }
  | { readonly type: "part-written"; readonly id: number }
  | { readonly type: "part-truncated"; readonly id: number }
  /** The digest of the prefix as a running digest, ready to grow on: `copy().digest()` is the prefix's own. */
  | { readonly type: "prefix-hashed"; readonly id: number; readonly sha256: Sha256 }
  | { readonly type: "part-committed"; readonly id: number }
  | { readonly type: "effect-failed"; readonly id: number; readonly fact: FileFact; readonly message: string };

/** What happens to any machine. `bytes` of a datagram that arrived are the machine's: nobody else writes there again. */
export type TransferInput =
  | { readonly type: "datagram"; readonly from: Address; readonly bytes: Uint8Array }
  /** `nextDeadline()` has come. The first one starts a client, whose deadline is 0 until then. */
  | { readonly type: "tick" }
  /**
   * The application wants no more. A client ends at once with `aborted` (or `unknown`, where it cannot tell any more) and
   * keeps its part; one of v2 that has asked for `commit-part` ends with what becomes of that. A server closes its files,
   * keeps the parts, and answers nothing from then on.
   */
  | { readonly type: "stop" }
  | FileResult;

/** What any machine wants. `bytes` of a datagram belong to the machine and are used again: send or copy them at once. */
export type TransferOutput =
  | { readonly type: "datagram"; readonly to: Address; readonly bytes: Uint8Array }
  | FileEffect;

/**
 * How a client's transfer ended. `unknown`: the last packet was sent but never answered, so that the file may or may not
 * be there (a PUT whose FIN is unanswered).
 */
export type Outcome =
  | { readonly type: "success"; readonly bytes: number; readonly sha256: Uint8Array }
  | {
      readonly type: "failed";
      readonly code: string;
      readonly message: string;
      /** What went wrong is the file or the disk of this side. */
      readonly isLocal?: boolean;
    }
  | { readonly type: "unknown"; readonly message: string };

/** A client machine says this once, as its last output; then it has no deadline and answers nothing. */
export type ClientOutput =
  | TransferOutput
  | { readonly type: "progress"; readonly bytes: number; readonly total: number | undefined }
  | { readonly type: "finished"; readonly outcome: Outcome };

/** A server machine reports what it did, for logs and counters. */
export type ServerOutput =
  | TransferOutput
  | {
      readonly type: "served";
      readonly peer: Address;
      readonly version: 1 | 2;
      readonly operation: "get" | "put";
      readonly name: string;
      readonly bytes: number;
      readonly outcome: "done" | "refused" | "failed" | "abandoned";
      readonly code: string;
    };

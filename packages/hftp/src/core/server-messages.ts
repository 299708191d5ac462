/** What a server session is told and what it answers (docs/machine.md gives the contract of every machine). */
import type { StatusCode } from "./codes.js";

/** Facts about a name in the served directory; the session chooses the code (H15). */
export type FileFacts =
  /** A regular file inside the served directory, with its size in bytes. */
  | { readonly kind: "regular"; readonly size: number }
  /** No such name, or one that is no regular file, or one that leads out of the served directory. */
  | { readonly kind: "missing" | "not-regular" | "outside" }
  /** The served directory is not there, or the file system refused (no permission, no descriptors, an I/O error). */
  | { readonly kind: "no-directory" | "failed"; readonly why: string };

/** An entry of the served directory; `regular` also holds for a symbolic link to a regular file inside it. */
export interface DirectoryEntry {
  readonly name: string;
  readonly regular: boolean;
}

export type ServerInput =
  /** First input of every session. A connection over a limit is `refused`: it gets 199 and a lingering close (H20). */
  | { readonly type: "connected"; readonly refused?: boolean }
  | { readonly type: "bytes"; readonly chunk: Uint8Array }
  /** The client will send no more; it may still read. */
  | { readonly type: "end" }
  /** The connection is gone, in whatever way. */
  | { readonly type: "closed" }
  /**
   * All that was sent, every piece included of which `fileSent` has told, has been taken by the network, or waits below
   * the driver's own small mark. So the `drained` of a piece comes after its `fileSent`, never before.
   */
  | { readonly type: "drained" }
  /** The time of nextDeadline() has come. */
  | { readonly type: "tick" }
  /** Finish the reply that is being sent, then close (H22). */
  | { readonly type: "shutdown" }
  /** Result of `stat` and of `open`; after `open` a regular file stays open until `release`. */
  | { readonly type: "file"; readonly id: number; readonly file: FileFacts }
  /** Result of `sendFile`: how many bytes of the file there were to send, at most `length`. */
  | { readonly type: "fileSent"; readonly id: number; readonly bytes: number }
  /** Result of `list`: the next entries, and whether they are the last. */
  | {
      readonly type: "entries";
      readonly id: number;
      readonly entries: readonly DirectoryEntry[];
      readonly last: boolean;
    }
  /** An effect failed, the file could not be read or the directory is missing, and nothing of it was sent. */
  | { readonly type: "effectFailed"; readonly id: number; readonly why: string };

/** One line of the access log: a request that was answered, or an offence that was. */
export interface ServedRequest {
  /** The command, as far as it is one; empty for an offence before one was read. */
  readonly command: string;
  /** The file's name, where the request has one. */
  readonly name?: string;
  /** First byte asked for, in a slice. */
  readonly offset?: number;
  /** Bytes asked for, in a slice. */
  readonly size?: number;
  readonly code: StatusCode;
  /** Bytes of file content that were sent, before base64. */
  readonly fileBytes: number;
  /** False where the connection was closed in the middle of the reply. */
  readonly complete: boolean;
  /** From the end of the request to the end of the reply, in milliseconds. */
  readonly ms: number;
  /** Why, for people, where the reason is not the client's. */
  readonly why?: string;
}

export type ServerOutput =
  | { readonly type: "send"; readonly bytes: Uint8Array }
  /** Tell facts about a name without opening it. */
  | { readonly type: "stat"; readonly id: number; readonly name: string }
  /** Open a regular file for `sendFile`; facts and content must come from one descriptor. */
  | { readonly type: "open"; readonly id: number; readonly name: string }
  /**
   * Send, in this order and best as one write: `head`, the bytes of the open file from `offset` on, encoded, and `tail`.
   * Where the file has fewer bytes than `length`, send what there is without `tail` and tell so.
   */
  | {
      readonly type: "sendFile";
      readonly id: number;
      readonly head: Uint8Array;
      readonly offset: number;
      readonly length: number;
      readonly encoding: "base64" | "raw";
      readonly tail: Uint8Array;
      /** How many bytes from `offset` on this reply will send in all: a driver may read ahead so far. */
      readonly remaining: number;
    }
  /** Tell the next entries of the served directory, in any order; at most `max`. Opens it at the first call. */
  | { readonly type: "list"; readonly id: number; readonly max: number }
  /** What `open` or `list` opened is not needed any more. */
  | { readonly type: "release"; readonly id: number }
  /** Stop reading, go on reading: so that a client cannot make the server hold more than a bound (H19). */
  | { readonly type: "pause" }
  | { readonly type: "resume" }
  /** Send the end of the stream after all that was sent; go on reading until `closed`. */
  | { readonly type: "end" }
  /** Drop the connection at once. */
  | { readonly type: "destroy"; readonly why: string }
  | { readonly type: "served"; readonly request: ServedRequest };

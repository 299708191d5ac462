/** What a client session is told and what it answers (docs/machine.md gives the contract of every machine). */
import type { HftpError } from "./errors.js";
import { MAX_TIMEOUT_MS, type NumberRule, resolveNumbers } from "./options.js";
import type { Request } from "./requests.js";

export type ClientInput =
  /** Ask the server; `id` is the caller's, and names the answer. Before `connected` too: the request waits. */
  | { readonly type: "request"; readonly id: number; readonly request: Request }
  | { readonly type: "connected" }
  /** What came. The chunk may be used again once the outputs are performed: nothing keeps it. */
  | { readonly type: "bytes"; readonly chunk: Uint8Array }
  /** The server will send no more. */
  | { readonly type: "end" }
  /** The connection is gone, or was never made; `error` says why where that is known. */
  | { readonly type: "closed"; readonly error?: Error }
  /**
   * The chunk of a `body` output did not decode to exactly its `bytes`. The outputs that stood behind that one are void:
   * the driver performs those of this input instead.
   */
  | { readonly type: "undecodable"; readonly id: number }
  /** The driver does not read for now, because its application is slow: no fault of the server's, no timeout runs. */
  | { readonly type: "paused" }
  | { readonly type: "resumed" }
  /** The time of nextDeadline() has come. */
  | { readonly type: "tick" };

export type ClientOutput =
  /** The bytes of one request. */
  | { readonly type: "send"; readonly id: number; readonly request: Request; readonly bytes: Uint8Array }
  /** Some more names of a listing: text of the server's, never a local path (H37). */
  | { readonly type: "names"; readonly id: number; readonly names: readonly string[] }
  /** A piece of a slice, in order, often a part of the chunk that came. Decode it to exactly `bytes` bytes, or answer `undecodable`. */
  | {
      readonly type: "body";
      readonly id: number;
      readonly encoding: "base64" | "raw";
      readonly chunk: Uint8Array;
      readonly bytes: number;
    }
  /** The reply is complete, whatever its code. */
  | {
      readonly type: "reply";
      readonly id: number;
      readonly code: number;
      readonly text: string;
      readonly size?: number;
      readonly commands?: readonly string[];
    }
  /** No complete reply will come. */
  | { readonly type: "failed"; readonly id: number; readonly error: HftpError }
  /** Nothing more will be sent: end this side. */
  | { readonly type: "end" }
  /** Drop the connection at once; `error` says why where something went wrong. */
  | { readonly type: "destroy"; readonly error?: HftpError };

export interface ClientSessionOptions {
  /** The connection must be made, and the first reply on it begin, in so many milliseconds each. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** While a reply is awaited, so many milliseconds may pass without a byte of it. Default 30,000. */
  readonly replyTimeoutMs?: number | undefined;
  /** After `quit` or a fatal reply, how long the server may take to close its side. Default 2,000. */
  readonly lingerTimeoutMs?: number | undefined;
  /** Requests that are sent without waiting for the reply to the one before. Default 1: no pipelining (H30). */
  readonly maxPipelined?: number | undefined;
  /** Requests that may wait, those sent included; one more is a LocalProtocolError. Default 1,024. */
  readonly maxQueuedRequests?: number | undefined;
  /** A longer status line, name or header breaks the protocol. Default 8,192 bytes. */
  readonly maxReplyLineBytes?: number | undefined;
  /** A longer listing breaks the protocol. Default 64 MiB. */
  readonly maxListingBytes?: number | undefined;
}

export type ResolvedClientOptions = Readonly<Record<keyof ClientSessionOptions, number>>;

const timeout = (ms: number): NumberRule => ({ default: ms, min: 1, max: MAX_TIMEOUT_MS });

const rules: Readonly<Record<keyof ClientSessionOptions, NumberRule>> = {
  connectTimeoutMs: timeout(10_000),
  replyTimeoutMs: timeout(30_000),
  lingerTimeoutMs: timeout(2_000),
  maxPipelined: { default: 1, min: 1, max: 1024 },
  maxQueuedRequests: { default: 1024, min: 1, max: 2 ** 20 },
  maxReplyLineBytes: { default: 8192, min: 32, max: 2 ** 20 },
  maxListingBytes: { default: 64 * 2 ** 20, min: 32, max: 2 ** 30 },
};

/** Fills in the defaults. @throws TypeError or RangeError that names the option and what is accepted. */
export function resolveClientOptions(options: ClientSessionOptions): ResolvedClientOptions {
  return resolveNumbers<keyof ClientSessionOptions>(options, rules);
}

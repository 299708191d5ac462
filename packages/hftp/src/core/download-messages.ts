/** What a download is told and what it answers (docs/machine.md gives the contract of every machine). */
import type { HftpError } from "./errors.js";
import type { Leftover } from "./leftover.js";
import type { LockOwner } from "./lock-lines.js";
import { MAX_TIMEOUT_MS, type NumberRule, resolveNumbers } from "./options.js";
import { isServableName, type Request } from "./requests.js";

export type DownloadInput =
  | { readonly type: "start" }
  /** Stop as soon as what is being written is written. Too late once the file gets its name. */
  | { readonly type: "abort"; readonly reason?: unknown }
  /** The time of nextDeadline() has come. */
  | { readonly type: "tick" }
  /** From here on: what came on a connection that a `connect` output asked for. */
  | { readonly type: "data"; readonly connection: number; readonly id: number; readonly chunk: Uint8Array }
  | {
      readonly type: "reply";
      readonly connection: number;
      readonly id: number;
      readonly code: number;
      readonly text: string;
      readonly size?: number;
    }
  /** The connection is gone, or of no use any more. Nothing more may be told of it. */
  | { readonly type: "lost"; readonly connection: number; readonly error: HftpError }
  /** From here on: results of effects, by their ids. */
  | {
      readonly type: "inspected";
      readonly id: number;
      /** Something stands under the final name. */
      readonly exists: boolean;
      /** Somebody else writes the `.part` file: the lock file, and whose it is. */
      readonly locked?: { readonly path: string; readonly owner: LockOwner };
      /** The `.part` file, where there is one that may be discarded or gone on with. */
      readonly part?: Leftover;
    }
  | { readonly type: "read"; readonly id: number; readonly bytes: Uint8Array }
  | { readonly type: "digested"; readonly id: number; readonly sha256: string; readonly bytes: number }
  /** Any other effect is done. */
  | { readonly type: "done"; readonly id: number }
  /** `publish` found something under the final name, and left it. */
  | { readonly type: "taken"; readonly id: number }
  /** `publish` found that the `.part` file, or what got the final name, is not the file that was written. */
  | { readonly type: "replaced"; readonly id: number }
  | { readonly type: "effectFailed"; readonly id: number; readonly error: Error };

export type DownloadOutput =
  /** Make a connection with this number. Requests for it may follow at once. */
  | { readonly type: "connect"; readonly connection: number }
  | { readonly type: "ask"; readonly connection: number; readonly id: number; readonly request: Request }
  /** Destroy the connection; nothing that comes on it matters. */
  | { readonly type: "drop"; readonly connection: number }
  /** Ask to quit; nothing that comes on it matters. */
  | { readonly type: "quit"; readonly connection: number }
  /** Stop reading, go on reading: writes are slower than the network. */
  | { readonly type: "pause" | "resume"; readonly connection: number }
  /** From here on: effects on files, by ids; each is answered by exactly one input with its id. */
  /** Take the lock; tell what stands under the final name, and the `.part` file and its state file. */
  | { readonly type: "inspect"; readonly id: number }
  /** Open the `.part` file that was inspected, for reading and writing. */
  | { readonly type: "openPart"; readonly id: number }
  /** Remove state file and `.part` file, in this order, and make a new empty `.part` file. */
  | { readonly type: "createPart"; readonly id: number }
  | { readonly type: "write"; readonly id: number; readonly offset: number; readonly chunks: readonly Uint8Array[] }
  | { readonly type: "readPart"; readonly id: number; readonly offset: number; readonly length: number }
  /** Make sure that all written bytes are on the disk, then replace the state file. */
  | { readonly type: "saveState"; readonly id: number; readonly text: string }
  /** The SHA-256 of the whole `.part` file, as 64 lower-case hexadecimal digits, and how many bytes it has. */
  | { readonly type: "digest"; readonly id: number }
  /** Give up the digest: answer `effectFailed` soon. */
  | { readonly type: "cancel"; readonly id: number }
  /** fsync the `.part` file, give it the final name, see that it has it, close it, remove the state file. */
  | { readonly type: "publish"; readonly id: number; readonly overwrite: boolean }
  /** Close the `.part` file; remove it and its state file unless `keep`. */
  | { readonly type: "closePart"; readonly id: number; readonly keep: boolean }
  /** From here on: what the application is told. */
  | { readonly type: "progress"; readonly bytes: number; readonly size: number }
  | { readonly type: "notice"; readonly notice: DownloadNotice }
  /** The whole, right file stands under the final name. The last output. */
  | { readonly type: "finished"; readonly bytes: number; readonly sha256: string }
  /** Nothing was put under the final name. The last output. */
  | { readonly type: "failed"; readonly error: HftpError; readonly resumable: boolean };

/** Something worth a line in a log; the download goes on. */
export interface DownloadNotice {
  readonly code: "RESUMED" | "RESTARTED" | "DISCARDED" | "RETRY" | "DROPPED" | "NOT_RAW";
  readonly message: string;
}

export interface DownloadNumbers {
  /** Connections at a time. Default 1. */
  readonly parallel?: number | undefined;
  /** Requests that one connection sends without waiting. Default 1 (H30). */
  readonly pipeline?: number | undefined;
  /** Bytes asked for in one request. Default 4 MiB over one connection, 1 MiB over several: their round trips overlap. */
  readonly sliceBytes?: number | undefined;
  /** Bytes before a hole that are fetched again and compared when a download is resumed. Default 64 KiB (H33). */
  readonly verifyBytes?: number | undefined;
  /** Bytes that are gathered for one write. Default 512 KiB. */
  readonly writeBytes?: number | undefined;
  /** Reading stops while more bytes than this wait to be written. Default 16 MiB. */
  readonly maxPendingWriteBytes?: number | undefined;
  /** How often a connection is made again in a row without a byte that could be kept; then it is given up. Default 5. */
  readonly maxRetries?: number | undefined;
  /** The first wait before a lost connection is made again; it doubles each time, and is halved at random. Default 200. */
  readonly retryDelayMs?: number | undefined;
  /** The longest such wait. Default 5,000. */
  readonly maxRetryDelayMs?: number | undefined;
  /** The state file is written at most so often. Default 1,000. */
  readonly saveIntervalMs?: number | undefined;
}

export interface DownloadMachineOptions extends DownloadNumbers {
  /** The file's name on the server. */
  readonly name: string;
  /** Ask for raw bodies, if the server answers `help` with 0. Default false (H36). */
  readonly raw?: boolean | undefined;
  /** Go on with a `.part` file of an earlier download. Default false: begin anew (H33). */
  readonly resume?: boolean | undefined;
  /** Replace what stands under the final name. Default false: fail with `EXISTS`. */
  readonly overwrite?: boolean | undefined;
  /** The SHA-256 that the file must have, as 64 hexadecimal digits. Default: not checked (H35). */
  readonly expect?: string | undefined;
}

export interface ResolvedDownloadOptions extends Readonly<Record<keyof DownloadNumbers, number>> {
  readonly name: string;
  readonly raw: boolean;
  readonly resume: boolean;
  readonly overwrite: boolean;
  readonly expect: string | undefined;
}

const milliseconds = (value: number): NumberRule => ({ default: value, min: 0, max: MAX_TIMEOUT_MS });
const bytes = (value: number): NumberRule => ({ default: value, min: 1, max: 2 ** 40 });

const SLICE_BYTES_IN_PARALLEL = 2 ** 20;

const rules: Readonly<Record<keyof DownloadNumbers, NumberRule>> = {
  parallel: { default: 1, min: 1, max: 64 },
  pipeline: { default: 1, min: 1, max: 64 },
  sliceBytes: bytes(4 * 2 ** 20),
  verifyBytes: { default: 64 * 1024, min: 1, max: 2 ** 24 },
  writeBytes: bytes(512 * 1024),
  maxPendingWriteBytes: bytes(16 * 2 ** 20),
  maxRetries: { default: 5, min: 0, max: 1000 },
  retryDelayMs: milliseconds(200),
  maxRetryDelayMs: milliseconds(5_000),
  saveIntervalMs: milliseconds(1_000),
};

/** Fills in the defaults. @throws TypeError or RangeError that names the option and what is accepted. */
export function resolveDownloadOptions(options: DownloadMachineOptions): ResolvedDownloadOptions {
  const { name, raw = false, resume = false, overwrite = false, expect, ...numbers } = options;
  if (typeof name !== "string" || !isServableName(name)) {
    const accepted = "1 to 255 characters out of A-Z a-z 0-9 . - _";
    throw new TypeError(`name is ${JSON.stringify(name)}, but must be a file name that HFTP can ask for: ${accepted}`);
  }
  for (const [option, value] of Object.entries({ raw, resume, overwrite })) {
    if (typeof value !== "boolean") throw new TypeError(`${option} must be true or false, not ${typeof value}`);
  }
  if (expect !== undefined && !(typeof expect === "string" && /^[0-9a-f]{64}$/i.test(expect))) {
    throw new TypeError("expect must be a SHA-256: 64 hexadecimal digits");
  }
  const only = Object.fromEntries(Object.keys(rules).map((rule) => [rule, numbers[rule as keyof DownloadNumbers]]));
  const resolved = resolveNumbers<keyof DownloadNumbers>(only, rules);
  if (resolved.parallel > 1) resolved.sliceBytes = numbers.sliceBytes ?? SLICE_BYTES_IN_PARALLEL;
  return { ...resolved, name, raw, resume, overwrite, expect: expect?.toLowerCase() };
}

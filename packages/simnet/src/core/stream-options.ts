/** How connections behave, as options with defaults. */

import { finiteFrom, integerFrom } from "./checked-numbers.js";
import { onlyKnown } from "./known-keys.js";

export interface StreamOptions {
  /** Bytes in the largest segment. Default 1460. */
  readonly mss?: number;
  /** `full`: segments as large as there are bytes for. `random`: 1 byte to the largest, drawn; small ones often. Default `full`. */
  readonly segments?: "full" | "random";
  /**
   * How many of the bytes that wait a program is given at a time. `segments`: as they were sent. `all`: whatever is
   * there. `random`: 1 byte to all of them, drawn. Default `segments`.
   */
  readonly reads?: "segments" | "all" | "random";
  /** Bytes that were sent and not acknowledged yet, at most. What a program writes beyond is unsent. Default 65,536. */
  readonly sendBufferBytes?: number;
  /** Bytes that have arrived and were not read yet, at most; then the sender waits. Default 65,536. */
  readonly receiveBufferBytes?: number;
  /** A write that leaves more than this unsent is followed by `drained` once all has been sent; 0: every write. Default 16,384. */
  readonly highWaterBytes?: number;
  /** Without a word from the other side for so long, while an answer is waited for, a connection is closed. Default 60,000. */
  readonly timeoutMs?: number;
  /** The same for a connection that does not stand yet. Default 10,000. */
  readonly connectTimeoutMs?: number;
  /** What is not acknowledged is sent again no sooner than after this. Default 200. */
  readonly minRetransmitMs?: number;
  /** The time between two attempts doubles up to this. Default 5,000. */
  readonly maxRetransmitMs?: number;
}

export type ResolvedStreamOptions = Required<StreamOptions>;

/** @throws RangeError that names the option and the accepted range, TypeError for one that does not exist */
export function resolveStreamOptions(options: StreamOptions = {}): ResolvedStreamOptions {
  const minRetransmitMs = finiteFrom("minRetransmitMs", options.minRetransmitMs ?? 200, 1);
  const resolved: ResolvedStreamOptions = {
    mss: integerFrom("mss", options.mss ?? 1460, 1, 65_535),
    segments: oneOf("segments", options.segments ?? "full", ["full", "random"]),
    reads: oneOf("reads", options.reads ?? "segments", ["segments", "all", "random"]),
    sendBufferBytes: integerFrom("sendBufferBytes", options.sendBufferBytes ?? 65_536, 1),
    receiveBufferBytes: integerFrom("receiveBufferBytes", options.receiveBufferBytes ?? 65_536, 1),
    highWaterBytes: integerFrom("highWaterBytes", options.highWaterBytes ?? 16_384, 0),
    timeoutMs: finiteFrom("timeoutMs", options.timeoutMs ?? 60_000, 1),
    connectTimeoutMs: finiteFrom("connectTimeoutMs", options.connectTimeoutMs ?? 10_000, 1),
    minRetransmitMs,
    maxRetransmitMs: finiteFrom(
      "maxRetransmitMs",
      options.maxRetransmitMs ?? Math.max(5_000, minRetransmitMs),
      minRetransmitMs,
    ),
  };
  onlyKnown("streams", options, Object.keys(resolved));
  return resolved;
}

function oneOf<Value extends string>(name: string, value: Value, accepted: readonly Value[]): Value {
  if (accepted.includes(value)) return value;
  throw new RangeError(`${name} must be one of ${accepted.join(", ")}, not ${value}`);
}

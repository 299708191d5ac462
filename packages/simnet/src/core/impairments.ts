/** What a link does to what crosses it, as options with defaults: the same for the simulator and for the real proxies. */

import { onlyKnown } from "./known-keys.js";

/** All times in milliseconds, all probabilities from 0 to 1. The default is a perfect link. */
export interface Impairments {
  /** One-way delay. Default 0. */
  readonly latencyMs?: number;
  /** Up to this much more delay, evenly spread. Jitter alone never reorders: what was sent first arrives first. Default 0. */
  readonly jitterMs?: number;
  /** Payload bytes per second that the line carries, one packet after the other. Default Infinity. */
  readonly bytesPerSecond?: number;
  /** Packets that may wait for the line, the one that is on it included; what comes when it is full is lost. Default Infinity. */
  readonly queuePackets?: number;
  /** Probability that a packet is lost. Default 0. */
  readonly drop?: number;
  /** Probability that a packet arrives twice; the second copy up to `duplicateMs` after the first. Default 0. */
  readonly duplicate?: number;
  /** Default 0: right behind the first. */
  readonly duplicateMs?: number;
  /** Probability that a packet is held back by `reorderMs` more, so that later ones overtake it. Default 0. */
  readonly reorder?: number;
  /** Default: twice the latency, at least 1. */
  readonly reorderMs?: number;
  /** Probability that 1 to 3 bits of a packet are flipped. Default 0. */
  readonly corrupt?: number;
  /**
   * Every packet has a line of its own, so that `queuePackets` of them cross at once, each at the full rate: how the
   * course's proxy behaves, which lets through about three times its rate with a queue of 3. Default false.
   */
  readonly parallelLines?: boolean;
}

export type ResolvedImpairments = Required<Impairments>;

const probabilities = ["drop", "duplicate", "reorder", "corrupt"] as const;
const times = ["latencyMs", "jitterMs", "duplicateMs", "reorderMs"] as const;

/** @throws RangeError that names the option and the accepted range, TypeError for one that does not exist */
export function resolveImpairments(options: Impairments = {}): ResolvedImpairments {
  const resolved: ResolvedImpairments = {
    latencyMs: options.latencyMs ?? 0,
    jitterMs: options.jitterMs ?? 0,
    bytesPerSecond: options.bytesPerSecond ?? Number.POSITIVE_INFINITY,
    queuePackets: options.queuePackets ?? Number.POSITIVE_INFINITY,
    drop: options.drop ?? 0,
    duplicate: options.duplicate ?? 0,
    duplicateMs: options.duplicateMs ?? 0,
    reorder: options.reorder ?? 0,
    reorderMs: options.reorderMs ?? Math.max(1, 2 * (options.latencyMs ?? 0)),
    corrupt: options.corrupt ?? 0,
    parallelLines: options.parallelLines ?? false,
  };
  onlyKnown("impairments", options, Object.keys(resolved));
  for (const name of probabilities) {
    const value = resolved[name];
    if (!(value >= 0 && value <= 1)) throw new RangeError(`${name} must be from 0 to 1, not ${value}`);
  }
  for (const name of times) {
    const value = resolved[name];
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY)) {
      throw new RangeError(`${name} must be a finite number of milliseconds from 0, not ${value}`);
    }
  }
  if (!(resolved.bytesPerSecond > 0)) {
    throw new RangeError(`bytesPerSecond must be above 0, not ${resolved.bytesPerSecond}`);
  }
  const { queuePackets } = resolved;
  if (!(queuePackets >= 1 && (queuePackets === Number.POSITIVE_INFINITY || Number.isInteger(queuePackets)))) {
    throw new RangeError(`queuePackets must be an integer from 1, or Infinity, not ${queuePackets}`);
  }
  return resolved;
}

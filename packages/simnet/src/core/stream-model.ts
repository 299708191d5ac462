/** One direction of a proxied connection: decides, by place in the stream, when its bytes arrive and in which pieces. */

import { finiteFrom } from "./checked-numbers.js";
import { onlyKnown } from "./known-keys.js";
import type { Random } from "./random.js";

/**
 * What a network does to a connection. It never loses, doubles or reorders bytes: a lost segment is sent again, and
 * everything behind it waits. All times in milliseconds, all probabilities from 0 to 1; the default is a perfect network.
 */
export interface StreamImpairments {
  /** One-way delay. Default 0. */
  readonly latencyMs?: number | undefined;
  /** Up to this much more for each segment, evenly spread; what is behind it waits. Default 0. */
  readonly jitterMs?: number | undefined;
  /** Bytes per second that the line carries. Default Infinity. */
  readonly bytesPerSecond?: number | undefined;
  /**
   * Bytes of a segment: a number, or the smallest and the largest of a random one. Default 1,460, and then segments that
   * arrive at the same time are handed over together; where it is given, one by one.
   */
  readonly segmentBytes?: number | readonly [smallest: number, largest: number] | undefined;
  /** Probability that a segment is lost and comes `retransmitMs` later. Default 0. */
  readonly drop?: number | undefined;
  /** Default 200: the least that Linux waits. */
  readonly retransmitMs?: number | undefined;
  /** Probability that a bit of a segment is flipped, which no checksum of TCP's notices. Default 0. */
  readonly corrupt?: number | undefined;
}

export interface StreamPiece {
  /** When it arrives; never before the piece ahead of it. */
  readonly at: number;
  readonly bytes: Uint8Array;
  /** Its segment was lost first; told with the segment's first piece. */
  readonly dropped: boolean;
  readonly corrupted: boolean;
}

const DEFAULT_SEGMENT_BYTES = 1_460;
const MAX_SEGMENT_BYTES = 2 ** 30;

interface Resolved {
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly bytesPerSecond: number;
  readonly smallest: number;
  readonly largest: number;
  readonly drop: number;
  readonly retransmitMs: number;
  readonly corrupt: number;
}

/** What is decided for a segment when its first byte comes. */
interface Segment {
  /** Bytes that are still to come. */
  left: number;
  /** Bytes until the one that is corrupted; -1: none. */
  corruptIn: number;
  readonly mask: number;
  readonly extraMs: number;
  /** Not told yet. */
  dropped: boolean;
}

/**
 * Segments begin at places in the stream that depend on the seed alone, and what becomes of one is decided with its
 * beginning: however the bytes come, the same ones are corrupted and the same ones late.
 */
export class StreamModel {
  #resolved: Resolved;
  readonly #random: Random;
  #segment: Segment | undefined;
  /** When the line is free again. */
  #freeAt = Number.NEGATIVE_INFINITY;
  #lastArrival = Number.NEGATIVE_INFINITY;

  /** @throws TypeError or RangeError that names the option and what is accepted */
  constructor(impairments: StreamImpairments, random: Random) {
    this.#resolved = resolve(impairments);
    this.#random = random;
  }

  /** Other impairments from the next segment on. */
  change(impairments: StreamImpairments): void {
    this.#resolved = resolve(impairments);
  }

  /**
   * Bytes are sent at `now`, which never goes back. The pieces are parts of `bytes`, or changed copies, `maxPieces` at
   * most; the bytes beyond them are not taken, and are to be offered again with the same `now`.
   */
  offer(now: number, bytes: Uint8Array, maxPieces: number = Number.POSITIVE_INFINITY): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    for (let at = 0; at < bytes.length && pieces.length < maxPieces; ) {
      const segment = this.#segment ?? this.#begin();
      const length = Math.min(segment.left, bytes.length - at);
      pieces.push(this.#piece(now, segment, bytes.subarray(at, at + length)));
      at += length;
      segment.left -= length;
      this.#segment = segment.left > 0 ? segment : undefined;
    }
    return pieces;
  }

  /** When the end of the stream, or a reset, that is sent at `now` arrives: behind all bytes. */
  end(now: number): number {
    this.#lastArrival = Math.max(this.#lastArrival, Math.max(now, this.#freeAt) + this.#resolved.latencyMs);
    return this.#lastArrival;
  }

  #begin(): Segment {
    const { smallest, largest, drop, corrupt, jitterMs, retransmitMs } = this.#resolved;
    const random = this.#random;
    const left = random.integer(smallest, largest);
    const dropped = random.chance(drop);
    const isCorrupted = random.chance(corrupt);
    const corruptAt = random.integer(0, left - 1);
    const mask = 1 << random.integer(0, 7);
    const extraMs = random.unit() * jitterMs + (dropped ? retransmitMs : 0);
    return { left, corruptIn: isCorrupted ? corruptAt : -1, mask, extraMs, dropped };
  }

  #piece(now: number, segment: Segment, bytes: Uint8Array): StreamPiece {
    const { latencyMs, bytesPerSecond } = this.#resolved;
    this.#freeAt = Math.max(now, this.#freeAt) + (bytes.length * 1_000) / bytesPerSecond;
    this.#lastArrival = Math.max(this.#lastArrival, this.#freeAt + latencyMs + segment.extraMs);
    const { dropped, corruptIn, mask } = segment;
    segment.dropped = false;
    segment.corruptIn = corruptIn - bytes.length;
    const corrupted = corruptIn >= 0 && corruptIn < bytes.length;
    return { at: this.#lastArrival, bytes: corrupted ? flip(bytes, corruptIn, mask) : bytes, dropped, corrupted };
  }
}

function flip(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  const changed = new Uint8Array(bytes); // slice() of a Buffer would be a view of the same bytes
  changed[at] = (changed[at] ?? 0) ^ mask;
  return changed;
}

const OPTIONS = ["latencyMs", "jitterMs", "bytesPerSecond", "segmentBytes", "drop", "retransmitMs", "corrupt"] as const;

function resolve(options: StreamImpairments): Resolved {
  onlyKnown("impairments", options, OPTIONS satisfies readonly (keyof StreamImpairments)[]);
  const { segmentBytes = DEFAULT_SEGMENT_BYTES } = options;
  const [smallest, largest] = typeof segmentBytes === "number" ? [segmentBytes, segmentBytes] : segmentBytes;
  const isSize = (size: number): boolean => Number.isInteger(size) && size >= 1 && size <= MAX_SEGMENT_BYTES;
  if (!isSize(smallest) || !isSize(largest) || smallest > largest) {
    throw new RangeError(
      `segmentBytes must be a whole number from 1 to ${MAX_SEGMENT_BYTES}, or two in rising order, not ${segmentBytes}`,
    );
  }
  const { bytesPerSecond = Number.POSITIVE_INFINITY } = options;
  if (!(bytesPerSecond > 0)) throw new RangeError(`bytesPerSecond must be above 0, not ${bytesPerSecond}`);
  return {
    latencyMs: finiteFrom("latencyMs", options.latencyMs ?? 0, 0),
    jitterMs: finiteFrom("jitterMs", options.jitterMs ?? 0, 0),
    bytesPerSecond,
    smallest,
    largest,
    drop: probability("drop", options.drop ?? 0),
    retransmitMs: finiteFrom("retransmitMs", options.retransmitMs ?? 200, 0),
    corrupt: probability("corrupt", options.corrupt ?? 0),
  };
}

function probability(name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw new RangeError(`${name} must be from 0 to 1, not ${value}`);
}

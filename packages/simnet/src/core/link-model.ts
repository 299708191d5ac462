/** One direction of a link: decides, packet by packet, what arrives, when, and in which state (docs/simnet.md). */

import { type Impairments, type ResolvedImpairments, resolveImpairments } from "./impairments.js";
import { Random } from "./random.js";

/** What becomes of one copy of a packet. */
export type Fate =
  | {
      readonly type: "arrives";
      /** When, on the clock of `offer`. */
      readonly at: number;
      readonly bytes: Uint8Array;
      /** 0 for the packet itself, 1 for its duplicate. */
      readonly copy: number;
      readonly corrupted: boolean;
      /** It was held back, so that later packets may overtake it. */
      readonly reordered: boolean;
    }
  | { readonly type: "lost"; readonly why: "drop" | "queue" | "cut" };

/** What a fault schedule wants done to one packet, on top of the link's own impairments. */
export interface Forced {
  readonly drop?: boolean;
  /** A second copy, this much after the first. */
  readonly duplicateAfterMs?: number;
  /** Held back by this much. */
  readonly delayMs?: number;
  /** The bits of `mask` are flipped in byte `byte` (modulo the length). */
  readonly corrupt?: { readonly byte: number; readonly mask: number };
  /** Whoever holds what is on its way has no room for it: lost as where the queue is full, and the line stays free. */
  readonly noRoom?: boolean;
}

export class LinkModel {
  #impairments: ResolvedImpairments;
  readonly #random: Random;
  /** When each packet that waits for the line, or is on it, leaves it; rising. Kept where the queue has a limit alone. */
  readonly #leaving: number[] = [];
  /** When the last of all packets has left the line. */
  #freeAt = Number.NEGATIVE_INFINITY;
  #lastArrival = Number.NEGATIVE_INFINITY;
  #isCut = false;

  constructor(impairments: Impairments, random: Random) {
    this.#impairments = resolveImpairments(impairments);
    this.#random = random;
  }

  get impairments(): ResolvedImpairments {
    return this.#impairments;
  }

  /** Other impairments from now on; what is on its way stays as it was. */
  change(impairments: Impairments): void {
    this.#impairments = resolveImpairments(impairments);
  }

  /** A link that is cut loses all that is offered to it. What was on its way still arrives. */
  cut(): void {
    this.#isCut = true;
  }

  heal(): void {
    this.#isCut = false;
  }

  /** A packet is sent at `now`, which never goes back. Always draws the same amount of randomness, whatever comes of it. */
  offer(now: number, bytes: Uint8Array, forced: Forced = {}): Fate[] {
    const { drop, duplicate, duplicateMs, reorder, reorderMs, corrupt, latencyMs, jitterMs, queuePackets } =
      this.#impairments;
    const random = this.#random;
    const isDropped = random.chance(drop) || forced.drop === true;
    const isDoubled = random.chance(duplicate);
    const duplicateDelay = random.unit() * duplicateMs;
    const isHeldBack = random.chance(reorder);
    const isCorrupted = random.chance(corrupt);
    const jitter = random.unit() * jitterMs;
    const noise = random.uint32();
    const content = isCorrupted ? flipBits(bytes, new Random(noise)) : bytes;

    if (this.#isCut) return [{ type: "lost", why: "cut" }];
    const left = forced.noRoom === true ? undefined : this.#enterLine(now, bytes.length, queuePackets);
    if (left === undefined) return [{ type: "lost", why: "queue" }];
    if (isDropped) return [{ type: "lost", why: "drop" }];

    const extra = (isHeldBack ? reorderMs : 0) + (forced.delayMs ?? 0);
    let at = left + latencyMs + jitter;
    const reordered = extra > 0;
    if (reordered) at += extra;
    else if (!this.#impairments.parallelLines) at = this.#lastArrival = Math.max(at, this.#lastArrival);
    const final = forced.corrupt === undefined ? content : flip(content, forced.corrupt.byte, forced.corrupt.mask);
    const corrupted = final !== bytes;
    const fates: Fate[] = [{ type: "arrives", at, bytes: final, copy: 0, corrupted, reordered }];
    if (isDoubled || forced.duplicateAfterMs !== undefined) {
      const later = at + (isDoubled ? duplicateDelay : 0) + (forced.duplicateAfterMs ?? 0);
      fates.push({ type: "arrives", at: later, bytes: final, copy: 1, corrupted, reordered });
    }
    return fates;
  }

  /** When the packet has left the line; undefined where the queue is full. */
  #enterLine(now: number, length: number, queuePackets: number): number | undefined {
    const { bytesPerSecond, parallelLines } = this.#impairments;
    if (bytesPerSecond === Number.POSITIVE_INFINITY) return now;
    const leaving = this.#leaving;
    let gone = 0;
    while ((leaving[gone] ?? Number.POSITIVE_INFINITY) <= now) gone++;
    leaving.splice(0, gone);
    if (leaving.length >= queuePackets) return undefined;
    const left = (parallelLines ? now : Math.max(now, this.#freeAt)) + (length * 1_000) / bytesPerSecond;
    this.#freeAt = Math.max(this.#freeAt, left);
    if (queuePackets === Number.POSITIVE_INFINITY) return left; // nobody asks how many wait
    let place = leaving.length;
    while ((leaving[place - 1] ?? 0) > left) place--; // on parallel lines a short packet overtakes a long one
    leaving.splice(place, 0, left);
    return left;
  }
}

function flipBits(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length === 0) return bytes;
  const changed = new Uint8Array(bytes);
  const isFlipped = (bit: number): boolean =>
    (((changed[bit >> 3] ?? 0) ^ (bytes[bit >> 3] ?? 0)) >> (bit & 7)) % 2 === 1;
  for (let count = random.integer(1, 3); count > 0; count--) {
    let bit = 8 * random.integer(0, bytes.length - 1) + random.integer(0, 7);
    while (isFlipped(bit)) bit = (bit + 1) % (8 * bytes.length); // twice would be not at all
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return changed;
}

function flip(bytes: Uint8Array, at: number, mask: number): Uint8Array {
  if (bytes.length === 0) return bytes;
  const changed = new Uint8Array(bytes); // slice() of a Buffer would be a view of the same bytes
  const index = at % bytes.length;
  changed[index] = (changed[index] ?? 0) ^ mask;
  return changed;
}

import fc from "fast-check";
import type { Impairments } from "../core/impairments.js";

/** The worst that is made up. 0 leaves an impairment out. Times in milliseconds, probabilities from 0 to 1. */
export interface WorstImpairments {
  /** Default 100. */
  readonly latencyMs?: number;
  /** Default 50. */
  readonly jitterMs?: number;
  /** Default 0.3. */
  readonly drop?: number;
  /** Default 0.3. */
  readonly duplicate?: number;
  /** Longest time between the two copies. Default 200. */
  readonly duplicateMs?: number;
  /** Default 0.3. */
  readonly reorder?: number;
  /** Longest time that a packet is held back. Default 200. */
  readonly reorderMs?: number;
  /** Default 0.1. */
  readonly corrupt?: number;
  /** Slowest rate; the fastest is a hundred times it. Default 0: no line is slow. */
  readonly bytesPerSecond?: number;
  /** Longest queue of a slow line. Default 0: without bound. */
  readonly queuePackets?: number;
}

/** Impairments of a link; they shrink to fewer and smaller ones, and at last to the perfect link `{}`. */
export function impairments(worst: WorstImpairments = {}): fc.Arbitrary<Impairments> {
  const model: { [Name in keyof Impairments]?: fc.Arbitrary<Impairments[Name]> } = {};
  const add = (name: keyof WorstImpairments, most: number, arbitrary: (most: number) => fc.Arbitrary<number>): void => {
    if (most > 0) Object.assign(model, { [name]: arbitrary(most) });
  };
  add("latencyMs", worst.latencyMs ?? 100, milliseconds);
  add("jitterMs", worst.jitterMs ?? 50, milliseconds);
  add("drop", worst.drop ?? 0.3, probability);
  add("duplicate", worst.duplicate ?? 0.3, probability);
  add("duplicateMs", worst.duplicateMs ?? 200, milliseconds);
  add("reorder", worst.reorder ?? 0.3, probability);
  add("reorderMs", worst.reorderMs ?? 200, milliseconds);
  add("corrupt", worst.corrupt ?? 0.1, probability);
  add("bytesPerSecond", worst.bytesPerSecond ?? 0, rate);
  add("queuePackets", worst.queuePackets ?? 0, (most) => fc.integer({ min: 1, max: most }));
  return fc.record(model, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Impairments>;
}

function milliseconds(most: number): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: Math.max(1, Math.floor(most)) });
}

/** In whole percents, which can be read. */
function probability(most: number): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: Math.max(1, Math.round(most * 100)) }).map((percent) => percent / 100);
}

/** Shrinks to the fastest. */
function rate(slowest: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 99 }).map((slower) => slowest * (100 - slower));
}

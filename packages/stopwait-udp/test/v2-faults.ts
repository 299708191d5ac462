/** Schedules of faults for properties: what becomes of the first packets is told one by one, so that a failure shrinks. */

import { fc } from "@fast-check/vitest";
import { Random } from "@lab/simnet";
import type { Channel } from "./v2-world.js";

export type Fate =
  | { readonly type: "arrives" }
  | { readonly type: "lost" }
  | { readonly type: "late"; readonly byMs: number }
  | { readonly type: "doubled"; readonly byMs: number }
  | { readonly type: "corrupted"; readonly byte: number; readonly mask: number };

const delay = fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 29_000 }));

export const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Fate>({ type: "arrives" }) },
  { weight: 2, arbitrary: fc.constant<Fate>({ type: "lost" }) },
  { weight: 2, arbitrary: delay.map((byMs): Fate => ({ type: "late", byMs })) },
  { weight: 2, arbitrary: delay.map((byMs): Fate => ({ type: "doubled", byMs })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ byte: fc.nat(1_400), mask: fc.integer({ min: 1, max: 255 }) })
      .map(({ byte, mask }): Fate => ({ type: "corrupted", byte, mask })),
  },
);

export const fates: fc.Arbitrary<Fate[]> = fc.array(fate, { maxLength: 60, size: "max" });

const LATENCY_MS = 10;

/** What is told of each packet happens to it; those after the last arrive. */
export function scheduled(schedule: readonly Fate[]): Channel {
  return ({ index, bytes }) => arrivals(schedule[index] ?? { type: "arrives" }, bytes);
}

function arrivals(one: Fate, bytes: Uint8Array): ReturnType<Channel> {
  switch (one.type) {
    case "arrives":
      return [{ afterMs: LATENCY_MS }];
    case "lost":
      return [];
    case "late":
      return [{ afterMs: LATENCY_MS + one.byMs }];
    case "doubled":
      return [{ afterMs: LATENCY_MS }, { afterMs: LATENCY_MS + one.byMs }];
    case "corrupted": {
      const changed = bytes.slice();
      const at = one.byte % changed.length;
      changed[at] = (changed[at] ?? 0) ^ one.mask;
      return [{ afterMs: LATENCY_MS, bytes: changed }];
    }
  }
}

/** Every packet may be lost, doubled, held back or damaged, for as long as it lasts. */
export function random(seed: number, probability: number): Channel {
  const dice = new Random(seed);
  return ({ bytes }) => {
    if (dice.chance(probability)) return [];
    const afterMs = LATENCY_MS + dice.integer(0, 20) + (dice.chance(probability) ? dice.integer(0, 1_500) : 0);
    const mask = dice.chance(probability) ? dice.integer(1, 255) : 0;
    const copies = arrivals({ type: "corrupted", byte: dice.integer(0, bytes.length - 1), mask }, bytes);
    const again = dice.chance(probability) ? [...copies, ...copies] : copies;
    return again.map((copy, nth) => ({ ...copy, afterMs: afterMs + nth * dice.integer(0, 3_000) }));
  };
}

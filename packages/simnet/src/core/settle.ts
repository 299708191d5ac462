/** Liveness in a quiet tail: something must become true within a bound, and stay so. */

import { SimnetError } from "./errors.js";
import type { World } from "./world.js";

export interface SettleOptions {
  /** What is not as it should be yet, in words; undefined where all is well. Asked after every event. */
  readonly missing: (world: World) => string | undefined;
  /** From now on, in milliseconds of the world. */
  readonly withinMs: number;
  /** For so long it must stay so. Default 0. */
  readonly staysMs?: number;
}

/**
 * Runs the world until nothing is missing, and on for as long as it must stay so.
 * @returns after how many milliseconds nothing was missing
 * @throws SimnetError `NOT_SETTLED` where something is missing after `withinMs`, or again later; what `world.run` throws
 */
export function settle(world: World, { missing, withinMs, staysMs = 0 }: SettleOptions): number {
  const from = world.now;
  let lack = missing(world);
  if (lack !== undefined) {
    world.run({
      untilMs: from + withinMs,
      until: (now) => {
        lack = missing(now);
        return lack === undefined;
      },
    });
  }
  if (lack !== undefined) throw new SimnetError("NOT_SETTLED", `after ${withinMs} ms of calm: ${lack}`);
  const settledAt = world.now;
  // What else happens at that very moment is behind it.
  if (staysMs === 0) return settledAt - from;
  world.run({
    untilMs: settledAt + staysMs,
    until: (now) => {
      lack = missing(now);
      return lack !== undefined;
    },
  });
  if (lack === undefined) return settledAt - from;
  throw new SimnetError("NOT_SETTLED", `at ${world.now} ms, ${world.now - settledAt} ms after all was well: ${lack}`);
}

/** Swarm testing (Groce and others, 2012): each run has some kinds of what may happen, and not all of them every time. */

import type { Random } from "./random.js";

/**
 * Some of `kinds`, in their order: in a quarter of all draws a single one, in a quarter all, else each with a
 * probability of a half. So some runs have one kind of fault alone, which others would hide or make up for.
 */
export function drawSwarm<Kind>(random: Random, kinds: readonly Kind[]): Kind[] {
  const share = random.unit();
  const only = random.integer(0, kinds.length - 1);
  const isIn = kinds.map(() => random.chance(0.5));
  if (share < 0.25) return kinds.slice(only, only + 1);
  return share < 0.5 ? [...kinds] : kinds.filter((_, index) => isIn[index]);
}

/** Whose turn it is to stand when nobody leads (election rules E29, E31). */

import type { Fallback } from "./contract.js";
import type { NodeState } from "./node-state.js";

/** How many stand before this node: the fallbacks, then the other members by id, the last leader last. */
export function placeOf(node: NodeState, fallbacks: readonly Fallback[], lastLeader: string): number {
  const listed = fallbacks.findIndex(({ id }) => id === node.id);
  if (listed >= 0) return listed;
  const unlisted = node.options.members
    .map(({ id }) => id)
    .filter((id) => id !== lastLeader && !fallbacks.some((fallback) => fallback.id === id));
  if (node.id === lastLeader) return fallbacks.length + unlisted.length;
  return fallbacks.length + Math.max(0, unlisted.indexOf(node.id));
}

/** The wait behind the 3 R of a start: its turn; without votes a random one, and none for the first of the seeds. */
export function startUpWaitMs(node: NodeState, place: number): number {
  const { address, seeds, stepMs } = node.options;
  if (node.isQuorum) return place * stepMs;
  return seeds[0] === address ? 0 : node.random() * 2 * stepMs;
}

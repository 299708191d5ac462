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

/**
 * How long a node that has just started asks around. One that ran before waits in available mode for the probe of a leader: it
 * may be that nobody it knows is left, and that the others have another leader (E31, E40).
 */
export function firstAskingMs({ isQuorum, wasThereBefore, options: { reportMs, probeMs } }: NodeState): number {
  return isQuorum || !wasThereBefore ? 3 * reportMs : Math.max(3 * reportMs, probeMs + reportMs);
}

/**
 * The wait behind that: its turn. Without votes none for the first of the seeds, and for who has nobody to ask; the others
 * wait for S and a random while, so that nodes that start together have one leader.
 */
export function startUpWaitMs(node: NodeState, place: number): number {
  const { address, seeds, stepMs } = node.options;
  if (node.isQuorum) return place * stepMs;
  return seeds.length === 0 || seeds[0] === address ? 0 : (1 + node.random() * 2) * stepMs;
}

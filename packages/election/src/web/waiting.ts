/** What a node does while nobody leads, in a sentence. */

import { seconds } from "./format.js";
import type { ShownState } from "./state.js";

/** Names that are written out. */
const MAX_NAMES = 3;

/**
 * @param others the ids of the other hosts that are known
 * @param passedMs since the node said this
 */
export function waitingWords({ node, mode }: ShownState, others: readonly string[], passedMs: number): string {
  const name = node.id === "" ? "This node" : node.id;
  switch (node.role) {
    case "quarantine": {
      const left = node.quarantineMs;
      const time = left === undefined ? "for a while" : `for another ${seconds(left - passedMs)}`;
      return `${name} is quiet ${time} after a restart: it may have promised its vote.`;
    }
    case "prevote":
      return `${name} asks the members whether they would vote for it.`;
    case "candidate":
      return mode === "quorum"
        ? `${name} asks the members for votes.`
        : `${name} is about to lead: it stores its epoch first.`;
    case "released":
      return `${name} has handed over, and leads again if nobody takes over.`;
    case "stopped":
      return `${name} is stopped.`;
    default:
      return `${name} asks ${namesOf(others)} who leads, and waits for its turn.`;
  }
}

function namesOf(ids: readonly string[]): string {
  if (ids.length === 0) return "the addresses that it was told";
  const named = ids.slice(0, MAX_NAMES).join(", ");
  return ids.length > MAX_NAMES ? `${named} and ${ids.length - MAX_NAMES} more` : named;
}

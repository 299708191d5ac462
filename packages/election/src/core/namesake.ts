/** Two runs that lead under one id (election rules E7, E40). */

import type { LeaderInfo } from "./contract.js";
import type { Following } from "./following.js";
import type { Lead } from "./lead.js";
import type { Header } from "./messages.js";
import type { NodeState } from "./node-state.js";

export interface LeadingRun {
  readonly epoch: number;
  /** 16 hexadecimal digits. */
  readonly incarnation: string;
}

/** Whether `mine` is the one of the two that steps down: that of the lower epoch, else of the larger incarnation. */
export function givesWay(mine: LeadingRun, other: LeadingRun): boolean {
  return mine.epoch === other.epoch ? mine.incarnation > other.incarnation : mine.epoch < other.epoch;
}

/**
 * Another run says that it leads under this node's id: one of the two steps down, and asks for another id where it was
 * given this one.
 * @param header of the message that says it
 */
export function meetNamesake(
  node: NodeState,
  following: Following,
  lead: Lead,
  namesake: LeaderInfo,
  header: Header,
): void {
  const epoch = lead.leadership?.epoch;
  if (node.isQuorum || epoch === undefined || header.incarnation === node.incarnation) return;
  if (!givesWay({ epoch, incarnation: node.incarnation }, header)) return;
  lead.stepDown("superseded");
  lead.redirectHosts(namesake);
  node.book.add(namesake.address);
  following.startUp();
  if (node.options.id === "") {
    node.id = "";
    return;
  }
  const text = `${namesake.address} leads under the id of this node, ${node.id}`;
  node.outbox.emit({ type: "trouble", kind: "idTaken", address: namesake.address, text });
}

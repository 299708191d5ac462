/** The voting members of quorum mode (election rule E15). */

import { MAX_ID_BYTES } from "./messages.js";
import { address, kindOf, text } from "./option-checks.js";

/** A voting member of quorum mode. */
export interface Member {
  readonly id: string;
  readonly address: string;
}

/** As all nodes order them. @throws TypeError or RangeError where they are not those of a cluster of that mode */
export function checkMembers(mode: string, members: readonly Member[]): readonly Member[] {
  if (mode === "available") {
    if (members.length > 0) throw new RangeError("members are for quorum mode; available mode has seeds");
    return [];
  }
  if (members.length === 0) {
    throw new RangeError("members are needed in quorum mode: 1 to 7, each { id, address }, the same at every node");
  }
  if (members.length > 7) throw new RangeError(`members must be 1 to 7, not ${members.length}`);
  for (const member of members) {
    if (typeof member !== "object" || member === null) {
      throw new TypeError(`members must be an array of { id, address }, and one of them is ${kindOf(member)}`);
    }
    text("members.id", member.id, MAX_ID_BYTES);
    address("members.address", member.address);
  }
  if (new Set(members.map(({ id }) => id)).size < members.length)
    throw new RangeError("members must have different ids");
  if (new Set(members.map(({ address }) => address)).size < members.length)
    throw new RangeError("members must have different addresses: each id is a node of its own");
  // By id, so that every node gives them the same turns, whatever order they were listed in.
  return [...members].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What is lost by their number, in words for people. */
export function warningsOf(count: number): string[] {
  if (count === 2) return ["with two members both must be up: the death of either leaves no leader"];
  if (count % 2 === 0) return [`${count} members tolerate no more failures than ${count - 1}, and one more must agree`];
  return [];
}

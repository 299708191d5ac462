/** What all nodes of a cluster must have in common, in four bytes (election rules E2, E5). */

import type { Mode } from "./contract.js";
import type { Member } from "./members.js";
import type { BodyType } from "./messages.js";

/** The settings on which the lease rests. */
export interface SharedSettings {
  readonly mode: Mode;
  readonly leaseMs: number;
  readonly promiseFactor: number;
  /** Of quorum mode, in any order. */
  readonly members: readonly Member[];
}

/** Types between a person's tool and a node, which need not know the node's settings: they carry 0. */
export const WITHOUT_SETTINGS: ReadonlySet<BodyType> = new Set(["watch", "view", "retire"]);

/** The text that is hashed. */
export function settingsText({ mode, leaseMs, promiseFactor, members }: SharedSettings): string {
  const times = `leaseUs=${Math.round(leaseMs * 1_000)};promisePpm=${Math.round(promiseFactor * 1e6)}`;
  const listed = [...members].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id, address }) => `${id}=${address}`);
  return `mode=${mode};${times};members=${listed.join(",")}`;
}

/** FNV-1a of 32 bits: it finds mistakes, not attacks, which the tag is for. */
export function settingsOf(settings: SharedSettings): number {
  let hash = 0x811c_9dc5;
  for (const byte of new TextEncoder().encode(settingsText(settings))) hash = Math.imul(hash ^ byte, 0x0100_0193);
  return hash >>> 0;
}

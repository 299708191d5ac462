/** A server whose rooms are in stores that store when they are told to. */

import type { ServerMachineOptions } from "../../src/core/server-options.js";
import { type Peer, Rig } from "./rig.js";
import { Store } from "./store.js";

export const durable: ServerMachineOptions = { log: "durable", durability: "written" };

/** A server whose room is open, with a member in it. */
export function running(
  options: ServerMachineOptions = {},
  store: Store = new Store(),
  seed = 1,
): { rig: Rig; store: Store; a: Peer } {
  const rig = new Rig({ ...durable, ...options }, seed);
  const a = rig.join(1);
  store.open(rig);
  store.store(rig);
  return { rig, store, a };
}

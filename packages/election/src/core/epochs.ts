/** Which epochs of others a node takes, so that no message uses up all that there are (election rule E5). */

import { EPOCH_MAX, type Message } from "./messages.js";
import { malformed } from "./wire.js";

/** Half of all: as many are left to whoever has taken it. */
const TAKEN_FROM_ANYBODY: number = EPOCH_MAX / 2;
/** Above that an epoch may be so much higher than the own one: it takes 2^31 messages, each of which is stored, to use up all. */
const STEP = 2 ** 16;
/** A node that has promised nothing joins those that are above half of all. */
const TAKEN_AT_FIRST: number = EPOCH_MAX - 2 ** 32;

/** @throws RemoteProtocolError `MALFORMED` where a message speaks of an epoch that a node which has promised `own` does not take */
export function checkEpochs({ header, body }: Message, own: number): void {
  const highest = own === 0 ? TAKEN_AT_FIRST : Math.max(TAKEN_FROM_ANYBODY, own + STEP);
  const named = "leaderEpoch" in body ? body.leaderEpoch : "proposed" in body ? body.proposed : 0;
  const epoch = Math.max(header.epoch, named);
  if (epoch > highest) throw malformed(`epoch ${epoch} is above ${highest}`);
}

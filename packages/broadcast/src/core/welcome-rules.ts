/** What a WELCOME makes of a client's position, and which WELCOME cannot be true (docs/broadcast.md B10, B26, B30). */

import type { Hello, Welcome } from "./messages.js";
import { malformed } from "./wire.js";

export interface Resumption {
  /** The session is another than the one that the HELLO named: client seqs begin anew. */
  readonly isNewSession: boolean;
  /** Numbers are of an epoch that the HELLO did not name. */
  readonly isNewEpoch: boolean;
  /** Nothing was named: what came before is nobody's loss. */
  readonly isFresh: boolean;
  /** The last number of what will not come any more, 0 where nothing is lost. */
  readonly lostTo: number;
}

/**
 * @param isSameToken the HELLO had a token, and the WELCOME has the same
 * @param before the member number that this client had last, 0 for none
 * @throws RemoteProtocolError where the WELCOME is no answer to that HELLO
 */
export function resumptionOf(hello: Hello, welcome: Welcome, isSameToken: boolean, before: number): Resumption {
  const { status, epoch, resumeFrom, head, firstRetained, member } = welcome;
  const { epoch: named, last } = hello;
  if ((member === 0) !== hello.observer) throw malformed(`a WELCOME of member ${member}`);
  if (resumeFrom > head + 1) throw malformed(`a WELCOME that goes on at ${resumeFrom}, behind the head ${head}`);
  if (firstRetained > head + 1) throw malformed(`a WELCOME with ${firstRetained} first, behind the head ${head}`);
  // No member number is given twice in an epoch (B9): another one is that of a session which was made anew with this id and token.
  const isMadeAnew = epoch === named && before !== 0 && before !== member;
  const isNewSession = !hello.observer && (status === "expired" || !isSameToken || isMadeAnew);
  if (named === 0) {
    if (status !== "fresh" && status !== "expired") throw malformed(`a WELCOME ${status} where no epoch was named`);
    return { isNewSession, isNewEpoch: false, isFresh: true, lostTo: 0 };
  }
  if (status === "fresh") throw malformed("a WELCOME fresh where an epoch was named");
  const isNewEpoch = status === "new epoch" || (status === "expired" && (epoch !== named || last > head));
  if (isNewEpoch) {
    if (epoch === named && last <= head) throw malformed(`a new epoch that is the old one, ${epoch}`);
    return { isNewSession, isNewEpoch, isFresh: false, lostTo: 0 };
  }
  if (epoch !== named) throw malformed(`a WELCOME ${status} of epoch ${epoch}, not ${named}`);
  const isGap = resumeFrom > last + 1;
  if (resumeFrom <= last || (status === "resumed" && isGap) || (status === "gap" && !isGap)) {
    throw malformed(`a WELCOME ${status} that goes on at ${resumeFrom} behind ${last}`);
  }
  return { isNewSession, isNewEpoch, isFresh: false, lostTo: isGap ? resumeFrom - 1 : 0 };
}

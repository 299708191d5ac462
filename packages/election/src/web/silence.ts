/** Whether the leader answers, as far as this page can know. */

import type { ShownState } from "./state.js";

export interface Silence {
  /** When it was heard last, by the clock of this page. */
  readonly since: number;
  readonly why: string;
}

/**
 * @param stateAt when `state` came
 * @param isLive whether the node that said it is heard yet
 */
export function silenceOf(state: ShownState, stateAt: number, isLive: boolean): Silence | undefined {
  const { leader, node, silence } = state;
  if (leader === undefined) return undefined;
  if (!isLive && leader.id === node.id) return { since: stateAt, why: "its dashboard is gone too" };
  return silence === undefined ? undefined : { since: stateAt - silence.forMs, why: silence.why };
}

/** How far an action is. */

import type { Round } from "./bidding.js";
import type { BuildContext } from "./build-context.js";
import type { HashedInput } from "./input-table.js";
import { kindOf } from "./kind.js";
import type { RunEnd } from "./messages.js";
import type { Action } from "./plan.js";
import type { RemoteAttempt } from "./remote-attempt.js";

/**
 * "new": its inputs are being hashed; "lookUp": in the cache; "waiting": for a bidding, or a local slot; "bidding";
 * "running": at least one attempt is live; "committing"; then it is over.
 */
export type ActionStatus = "new" | "lookUp" | "waiting" | "bidding" | "running" | "committing" | "succeeded" | "failed";

/** What an action costs that nothing is known of, on a host of speed 1 (R29). */
const UNKNOWN_WORK_MS = 1_000;

export class ActionState {
  readonly action: Action;
  readonly kind: string;
  status: ActionStatus = "new";
  inputs: readonly HashedInput[] = [];
  /** Attempts at hosts that count (R32). */
  attempts = 0;
  readonly live: Set<RemoteAttempt> = new Set();
  /** It failed there; another attempt may still succeed (R31). */
  failed: { readonly attempt: RemoteAttempt; readonly end: RunEnd } | undefined;
  round: Round | undefined;
  /** Hosts that cannot ever run it, while they stay as they are, and why. */
  readonly refusedBy: Map<number, string> = new Map();
  /** What came of it at each host, for messages. */
  readonly reasons: Map<number, string> = new Map();
  /** Since no host is left that could run it. */
  starvedSince: number | undefined;
  isLookedUp = false;

  constructor(action: Action) {
    this.action = action;
    this.kind = kindOf(action.command, action.requires);
  }

  get isOver(): boolean {
    return this.status === "succeeded" || this.status === "failed";
  }

  /** What was learned of its kind; 0 where it is not known. */
  knownMs(context: BuildContext): number {
    return context.learned.workMs(this.kind);
  }

  /** What it is thought to take on a host of speed 1: else the mean of this build's runs. */
  workMs(context: BuildContext): number {
    return this.knownMs(context) || context.learned.meanWorkMs() || UNKNOWN_WORK_MS;
  }
}

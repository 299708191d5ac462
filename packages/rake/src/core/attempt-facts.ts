/** What an attempt at a host is made of, and what it may come to (docs/rake.md R32, R52). */

import type { ActionState } from "./action-state.js";
import type { Host } from "./host.js";
import type { Bid, Execute, RunEnd } from "./messages.js";
import type { RemoteAttempt } from "./remote-attempt.js";

/**
 * Whose fault it is that an attempt came to nothing: its host's, which backs off; its host's, which has gone already, or
 * cannot ever; nobody's, and it does not count; this machine's, where an input has changed or nothing can be written.
 */
export type Fault = "host" | "gone" | "never" | "nobody" | "here";

export interface AttemptListener {
  started(attempt: RemoteAttempt): void;
  /** It ended with exit code 0, and all its outputs are there and checked. */
  ready(attempt: RemoteAttempt): void;
  /** The action itself failed. */
  failed(attempt: RemoteAttempt, end: RunEnd): void;
  lost(attempt: RemoteAttempt, why: string, fault: Fault): void;
  /** The host has to be taken for lost. */
  broken(host: Host, why: string): void;
}

/** "returning": it has run; "checking": all came, and is being written; "ready": to be committed. */
export type Phase = "uploading" | "starting" | "running" | "returning" | "checking" | "ready" | "over";

export interface Placed {
  readonly state: ActionState;
  readonly host: Host;
  readonly bid: Bid;
  readonly why: "bid" | "speculation" | "retry";
  /** Its price, and what of it is the run. */
  readonly expectedMs: number;
  readonly runMs: number;
}

/** What a host did not do in time. */
export const OVERDUE: Readonly<Partial<Record<Phase, string>>> = {
  starting: "it did not start what it was to run",
  running: "it ran beyond its timeout",
  returning: "it did not send what it announced",
};

export function isSuccess(end: RunEnd | undefined): boolean {
  return end?.end === "EXITED" && end.code === 0;
}

/** What says that the attempt may begin. */
export function executeOf({ state, bid }: Placed): Execute {
  const { command, timeoutMs = 0, produces } = state.action;
  return {
    type: "EXECUTE",
    actionId: bid.actionId,
    reservation: bid.reservation,
    command,
    timeoutMs: Math.ceil(timeoutMs),
    inputs: state.inputs.map(({ path, digest, mode }) => ({ path, digest, mode })),
    outputs: produces,
  };
}

/** How long it may run: what the Rakefile says, else what the host allows. */
export function longestRunMs({ state, host }: Placed, maxRunMs: number): number {
  return Math.min(state.action.timeoutMs ?? (host.facts?.maxActionMs || maxRunMs), maxRunMs);
}

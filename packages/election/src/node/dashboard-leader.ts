/** What a node's dashboard knows of the leader that is followed: its last answer, its lease, and that it does not answer. */
import { performance } from "node:perf_hooks";
import type { ClusterView, ElectionView, LeaderInfo } from "../core/contract.js";
import type { Token } from "../core/token.js";
import type { ShownState } from "../web/state.js";
import { QueryError } from "./errors.js";

/** The leader's answer, and when it came. */
export interface Answer {
  readonly view: ClusterView;
  readonly atMono: number;
}

/** Why a leader gave no table. */
export interface Problem {
  readonly leader: Token;
  readonly why: string;
  /** It did not answer at all. */
  readonly isSilent: boolean;
}

const problems: Readonly<Record<string, string>> = {
  REFUSED: "nobody listens there",
  TIMEOUT: "it does not answer",
  CLOSED: "it ended the connection",
};

export function whyOf(error: unknown): string {
  const code = error instanceof QueryError ? error.code : "";
  return problems[code] ?? (error instanceof Error ? error.message : String(error));
}

/** Since when the leader that is followed was not heard, once it did not answer (E69). */
export function silenceOf(
  view: ElectionView,
  problem: Problem | undefined,
  answer: Answer | undefined,
): ShownState["silence"] {
  if (problem?.isSilent !== true) return undefined;
  const { leader, leaseMs, leaseRemainingMs } = view;
  const now = performance.now();
  const answeredMs = answer !== undefined && isLedBy(answer.view, leader) ? now - answer.atMono : now;
  // Each word of a leader renews the promise, which is a lease at least.
  return { forMs: Math.round(Math.min(answeredMs, Math.max(0, leaseMs - leaseRemainingMs))), why: problem.why };
}

export function isLedBy({ id, epoch }: Token, leader: LeaderInfo | undefined): boolean {
  return id === leader?.id && epoch === leader.epoch;
}

export function leaseOf(view: ElectionView, answer: Answer | undefined): ShownState["lease"] {
  const isLeaders = answer !== undefined;
  const { leaseMs, leaseRemainingMs } = answer?.view ?? view;
  const remaining = leaseRemainingMs - (isLeaders ? performance.now() - answer.atMono : 0);
  return {
    of: isLeaders ? "leader" : "node",
    leaseMs,
    remainingMs: Number.isFinite(remaining) ? Math.max(0, Math.round(remaining)) : null,
  };
}

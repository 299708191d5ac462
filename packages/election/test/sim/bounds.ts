/** How long things may take (election rules E52, E54, E56, E57), in milliseconds of the world. */

import { CLOCK_ERROR, timesOf } from "./node-options.js";
import type { Plan } from "./plan.js";

/** Of a cluster, what its bounds are made of. */
export interface BoundsOf {
  readonly leaseMs: number;
  readonly reportMs: number;
  readonly stepMs: number;
  readonly voteMs: number;
  readonly probeMs: number;
  readonly handOverMs: number;
  /** The share by which clocks may be wrong. */
  readonly clockError: number;
  readonly promiseFactor: number;
  /** What a message takes at most on a connection that stands, there and back. */
  readonly roundTripMs: number;
  /** What a store takes at most. */
  readonly storeMs: number;
}

/** No sooner than this after a crash there is another leader (E57). */
export function failoverEarliest({ leaseMs, reportMs, clockError, promiseFactor, roundTripMs }: BoundsOf): number {
  return (promiseFactor * leaseMs) / (1 + clockError) - reportMs - roundTripMs;
}

/** One candidate asks, with a connection to make and two stores: its own vote and the voters'. */
function election({ roundTripMs, storeMs }: BoundsOf): number {
  return 3 * roundTripMs + 2 * storeMs;
}

/**
 * No later than this (E57).
 * @param ahead the place of the first fallback that lives, in the list that it was told last
 * @param refused pre-votes that were refused, or in vain
 */
export function failoverLatest(of: BoundsOf, ahead: number, refused: number): number {
  const { leaseMs, stepMs, voteMs, clockError, promiseFactor } = of;
  const byTheSlowest = promiseFactor * leaseMs + ahead * stepMs + refused * 1.5 * voteMs;
  // The last Ack may have been on its way when the leader crashed.
  return byTheSlowest / (1 - clockError) + of.roundTripMs / 2 + election(of);
}

/** After a hand-over that fails the old leader stands again (E38, E52). */
export function standsAgainLatest(of: BoundsOf, refused: number): number {
  const { handOverMs, voteMs, clockError } = of;
  return (handOverMs + refused * 1.5 * voteMs) / (1 - clockError) + election(of);
}

/** available: two leaders that can reach each other again are one (E56). */
export function healingLatest({ probeMs, reportMs, clockError, roundTripMs }: BoundsOf): number {
  return (probeMs + reportMs) / (1 - clockError) + 2 * roundTripMs;
}

/** What happened in the calm until all followed one leader. */
export interface Attempts {
  /** Pre-votes that were refused, or in vain. */
  readonly refused: number;
  /** Candidacies without a majority. */
  readonly lost: number;
}

/**
 * In calm, whatever happened before, all follow one leader (E54): promises and quarantines end, nobody answers at start-up,
 * each of n nodes has its turn. A candidacy that is lost holds the promises of those who voted once more.
 */
export function settlesLatest(of: BoundsOf, mode: Plan["mode"], nodes: number, { refused, lost }: Attempts): number {
  const { leaseMs, reportMs, stepMs, voteMs, probeMs, clockError, promiseFactor } = of;
  const turns = promiseFactor * leaseMs + nodes * stepMs;
  const heals = mode === "available" ? probeMs + reportMs + 3 * stepMs : 0;
  // Who was restarted right before asks around for longer.
  const asking = mode === "available" ? Math.max(3 * reportMs, probeMs + reportMs) : 3 * reportMs;
  const waits = turns + asking + heals + refused * 1.5 * voteMs + lost * turns;
  return waits / (1 - clockError) + (1 + lost) * election(of);
}

export function boundsOf(plan: Pick<Plan, "leaseMs" | "reportMs" | "impairments" | "nodes">): BoundsOf {
  const { leaseMs, reportMs, impairments, nodes } = plan;
  const { latencyMs = 0, jitterMs = 0 } = impairments;
  const storeMs = Math.max(
    ...nodes.map(({ disk: { latencyMs: least = 0, jitterMs: more = 0, stallMs = 0 } }) => least + more + stallMs),
  );
  const roundTripMs = 2 * (latencyMs + jitterMs);
  return { leaseMs, reportMs, ...timesOf(plan), clockError: CLOCK_ERROR, promiseFactor: 1.1, roundTripMs, storeMs };
}

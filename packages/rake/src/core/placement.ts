/** Which bid wins (docs/rake.md R28): rules that are pure functions, so that the simulation can compare them. */

/** A host that bid. */
export interface BidView {
  /** Its index in HOSTS. */
  readonly host: number;
  /** With what was learned of it (R30), in milliseconds. */
  readonly priceMs: number;
  /** The part of it that is the run itself. */
  readonly runMs: number;
  /** Attempts of this build that run there now. */
  readonly running: number;
  readonly slots: number;
  /** Thousandths of the reference. */
  readonly speed: number;
}

/** A host that could run the action, but has no free slot now. */
export interface BusyView {
  readonly host: number;
  readonly speed: number;
  readonly slots: number;
  /** Until each attempt that this build runs there is expected to end, in milliseconds, soonest first; 0: any time now. */
  readonly endsMs: readonly number[];
  /** What the action would take there. */
  readonly runMs: number;
}

export interface PlacementQuestion {
  /** At least one, in the order of HOSTS. */
  readonly bids: readonly BidView[];
  readonly busy: readonly BusyView[];
  /** Actions that wait to be placed behind this one. */
  readonly waiting: number;
  /** From 0 (inclusive) to 1 (exclusive). */
  readonly random: () => number;
}

/** The host of one of the bids, or "wait": to be asked again as soon as an attempt has ended. */
export type Placement = { readonly host: number } | "wait";

/** `choose` must not keep state. "wait" while no attempt runs counts as the lowest price. */
export interface Policy {
  readonly name: string;
  choose(question: PlacementQuestion): Placement;
}

/** The bid of the lowest number, the first of several. */
export function lowest(bids: readonly BidView[], numberOf: (bid: BidView) => number): BidView {
  let best = bids[0] as BidView;
  for (const bid of bids) if (numberOf(bid) < numberOf(best)) best = bid;
  return best;
}

const random: Policy = {
  name: "random",
  choose: ({ bids, random }) => bids[Math.min(bids.length - 1, Math.floor(random() * bids.length))] as BidView,
};

const first: Policy = { name: "first", choose: ({ bids }) => bids[0] as BidView };

/** The course's: as many jobs as run there already. */
const running: Policy = { name: "running", choose: ({ bids }) => lowest(bids, (bid) => bid.running) };

/** The expected finish: the price. */
const finish: Policy = { name: "finish", choose: ({ bids }) => lowest(bids, (bid) => bid.priceMs) };

/**
 * The expected finish, where a slot of a faster host that is free soon counts as well: each action that waits, this one
 * last, is thought to take the slot in which it ends soonest; where that is one that is not free yet, it waits.
 */
const patient: Policy = {
  name: "patient",
  choose: (question) => {
    const best = lowest(question.bids, (bid) => bid.priceMs);
    return soonestElsewhere(question) < best.priceMs ? "wait" : best;
  },
};

/** When the action would end on a host that is busy now, if those behind it went first. */
function soonestElsewhere({ busy, waiting }: PlacementQuestion): number {
  const ends: number[] = [];
  for (const host of busy) {
    if (host.endsMs.length === 0) continue;
    const slots = host.endsMs.slice(0, Math.max(1, host.slots));
    // Of each slot: this action, or those that wait, one after another. No more of them than there are can matter.
    for (const end of slots) {
      for (let turn = 1; turn <= Math.min(waiting + 1, MAX_TURNS); turn++) ends.push(end + turn * host.runMs);
    }
  }
  ends.sort((a, b) => a - b);
  return ends[waiting] ?? Number.POSITIVE_INFINITY;
}

const MAX_TURNS = 64;

export type PolicyName = "random" | "first" | "running" | "finish" | "patient";
export const POLICIES: Readonly<Record<PolicyName, Policy>> = { random, first, running, finish, patient };

/** Who led when and why it ended, as one node saw it: what the dashboard's event log and timeline are made of. */

import type { LeaderInfo, StepDownReason } from "./contract.js";
import type { Token } from "./token.js";

/** Why a term ended. A leader tells its own reason; others only see that it is `unheard`, or that another leads. */
export type TermEnd = StepDownReason | "unheard";

/** One leader in one epoch. Times are milliseconds since 1970, by the clock of the node that saw it. */
export interface Term {
  readonly id: string;
  readonly epoch: number;
  readonly from: number;
  /** Undefined while it leads. */
  readonly until: number | undefined;
  readonly why: TermEnd | undefined;
  /** Whether the leader itself told how it ended, and not another node what it saw of it. */
  readonly isTold: boolean;
}

export interface Span {
  readonly from: number;
  /** Undefined: until now. */
  readonly until: number | undefined;
}

export interface LeadershipHistory {
  /** When somebody looked, in order and apart: without a term in such a span nobody led. */
  readonly watched: readonly Span[];
  /** In the order in which they began. */
  readonly terms: readonly Term[];
}

/** The events of an elector that say who leads. */
export type LeadershipEvent =
  | {
      readonly type: "elected";
      readonly token: Token;
      /** Whether this node was offered the lead: it took over while its promise to the former leader ran. */
      readonly isOffered?: boolean;
    }
  | { readonly type: "stepDown"; readonly token: Token; readonly why: StepDownReason }
  | {
      readonly type: "leader";
      readonly leader: LeaderInfo | undefined;
      /** Whether the former one is given up although it was heard just now: another claims to lead. */
      readonly isClaimed?: boolean;
      /** Whether the former one offered the lead to this node, which takes over. */
      readonly isOffered?: boolean;
    };

/** Terms that are kept unless told otherwise; the oldest go first. */
export const MAX_TERMS = 100;
/** Spans that are kept of a history that was put together of several nodes' ones. */
const MAX_SPANS = 32;

/** The history of a node that looks from now on. */
export function beginHistory(at: number): LeadershipHistory {
  return { watched: [{ from: at, until: undefined }], terms: [] };
}

/**
 * The history after one more event. A wall clock that is set back does not reorder it: what seems to be earlier than the
 * last that is known counts as at the same time.
 */
export function recordLeadership(
  history: LeadershipHistory,
  at: number,
  event: LeadershipEvent,
  maxTerms: number = MAX_TERMS,
): LeadershipHistory {
  const now = history.terms.reduce((latest, { from, until }) => Math.max(latest, until ?? from), at);
  const terms =
    event.type === "stepDown"
      ? stepDown(history.terms, now, event.token, event.why)
      : event.type === "elected"
        ? follow(history.terms, now, event.token, event.isOffered === true ? "handedOver" : "superseded")
        : follow(history.terms, now, event.leader, endOf(event));
  return { ...history, terms: terms.slice(-maxTerms) };
}

function endOf({ leader, isClaimed, isOffered }: Extract<LeadershipEvent, { type: "leader" }>): TermEnd {
  if (isOffered === true) return "handedOver";
  return leader !== undefined || isClaimed === true ? "superseded" : "unheard";
}

/** @param why a former leader that is another leads no more */
function follow(terms: readonly Term[], now: number, leader: Token | undefined, why: TermEnd): readonly Term[] {
  const last = terms.at(-1);
  if (leader !== undefined && last !== undefined && isTermOf(last, leader)) {
    // Unheard for a while, and heard again in the same epoch: it led all the time. What it told itself stands.
    return last.until === undefined || last.isTold ? terms : [...terms.slice(0, -1), opened(last)];
  }
  const isOpen = last !== undefined && last.until === undefined;
  const closed = isOpen ? closeLast(terms, now, leader?.id === last.id ? "renewed" : why) : terms;
  if (leader === undefined || terms.some((term) => isTermOf(term, leader))) return closed;
  const { id, epoch } = leader;
  return [...closed, { id, epoch, from: now, until: undefined, why: undefined, isTold: false }];
}

function closeLast(terms: readonly Term[], now: number, why: TermEnd): readonly Term[] {
  const last = terms.at(-1);
  return last === undefined ? terms : [...terms.slice(0, -1), { ...last, until: now, why }];
}

function opened({ id, epoch, from }: Term): Term {
  return { id, epoch, from, until: undefined, why: undefined, isTold: false };
}

function stepDown(terms: readonly Term[], now: number, token: Token, why: StepDownReason): readonly Term[] {
  return terms.map((term) => {
    if (!isTermOf(term, token) || term.isTold) return term;
    return { ...term, until: term.until ?? now, why, isTold: true };
  });
}

function isTermOf(term: Term, { id, epoch }: Token): boolean {
  return term.id === id && term.epoch === epoch;
}

/** The same history by a clock that is ahead by `ms`. */
export function shiftHistory(history: LeadershipHistory, ms: number): LeadershipHistory {
  const shift = <One extends Span>(one: One): One => ({
    ...one,
    from: one.from + ms,
    until: one.until === undefined ? undefined : one.until + ms,
  });
  return ms === 0 ? history : { watched: history.watched.map(shift), terms: history.terms.map(shift) };
}

/**
 * What was seen through a former node until `at`, and what the current one says. The current one is believed, but for
 * ends that a leader told itself: a leader that only the former one knew is not heard any more.
 */
export function mergeHistories(
  former: LeadershipHistory,
  current: LeadershipHistory,
  at: number,
  maxTerms: number = MAX_TERMS,
): LeadershipHistory {
  const terms = new Map<string, Term>();
  for (const term of former.terms) {
    const isOpen = term.until === undefined;
    terms.set(keyOf(term), isOpen ? { ...term, until: Math.max(term.from, at), why: "unheard" } : term);
  }
  for (const term of current.terms) {
    const known = terms.get(keyOf(term));
    const end = known?.isTold === true && !term.isTold ? known : term;
    terms.set(keyOf(term), { ...end, from: Math.min(term.from, known?.from ?? term.from) });
  }
  const closed = former.watched.map(({ from, until }) => ({ from, until: until ?? Math.max(from, at) }));
  return {
    watched: unite([...closed, ...current.watched]).slice(-MAX_SPANS),
    terms: [...terms.values()].sort(byBeginning).slice(-maxTerms),
  };
}

/** The history with the ends that leaders told of themselves, which another history knows: nobody else knows why. */
export function believeTold(history: LeadershipHistory, other: LeadershipHistory): LeadershipHistory {
  const told = new Map(other.terms.filter(({ isTold }) => isTold).map((term) => [keyOf(term), term]));
  const terms = history.terms.map((term): Term => {
    const end = told.get(keyOf(term));
    if (end === undefined || term.isTold) return term;
    // Who sees it sees it no sooner than it happens, whatever the clocks say.
    const until = Math.max(term.from, Math.min(end.until ?? term.from, term.until ?? Number.MAX_SAFE_INTEGER));
    return { ...term, until, why: end.why, isTold: true };
  });
  return { ...history, terms };
}

function keyOf({ id, epoch }: Token): string {
  return `${epoch} ${id}`;
}

function byBeginning(a: Term, b: Term): number {
  const ended = ({ until }: Term): number => until ?? Number.MAX_SAFE_INTEGER;
  return a.from - b.from || ended(a) - ended(b) || a.epoch - b.epoch || (a.id < b.id ? -1 : 1);
}

/** The same time as spans that are in order and apart. */
function unite(spans: readonly Span[]): Span[] {
  const united: Span[] = [];
  for (const span of [...spans].sort((a, b) => a.from - b.from)) {
    const last = united.at(-1);
    if (last === undefined || (last.until !== undefined && last.until < span.from)) united.push(span);
    else if (last.until !== undefined && (span.until === undefined || span.until > last.until)) {
      united[united.length - 1] = { from: last.from, until: span.until };
    }
  }
  return united;
}

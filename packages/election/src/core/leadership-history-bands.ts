/** A leadership history as bands of a timeline. */

import type { LeadershipHistory, Span } from "./leadership-history.js";

/** A piece of the timeline. */
export type Band = { readonly from: number; readonly until: number } & (
  | {
      readonly kind: "leader";
      readonly id: string;
      readonly epoch: number;
      /** From 0: bands of one lane do not overlap. More than one where two led at once, as available mode allows. */
      readonly lane: number;
    }
  /** A lead that ended so soon that it has no lane; `until` may be `from`. */
  | { readonly kind: "brief"; readonly id: string; readonly epoch: number }
  /** Somebody looked, and saw no leader. */
  | { readonly kind: "nobody" }
  /** Nobody looked. */
  | { readonly kind: "unknown" }
);

/** What is left of a span in a window. */
interface Piece {
  readonly from: number;
  readonly until: number;
}

/**
 * The last `spanMs` before `now`: leaders in the order in which they began, then brief ones, then where there was none, then the rest.
 * @param slackMs bands that overlap by no more than this share a lane, for a drawing on which that is too little to be seen
 * @param briefMs leads that ended in less are `brief`
 */
export function bandsOf(
  history: LeadershipHistory,
  now: number,
  spanMs: number,
  slackMs: number = 0,
  briefMs: number = 0,
): Band[] {
  const window = { from: now - spanMs, until: now };
  const isBrief = ({ from, until }: Span): boolean => until !== undefined && until - from < briefMs;
  const laneEnds: number[] = [];
  const brief = history.terms.flatMap((term): Band[] => {
    const { id, epoch, from, until = from } = term;
    if (!isBrief(term) || from < window.from || until > window.until) return [];
    return [{ kind: "brief", id, epoch, from, until }];
  });
  const led = history.terms.flatMap((term): (Band & { readonly kind: "leader" })[] => {
    const piece = clip(term, window);
    if (piece === undefined || isBrief(term)) return [];
    const free = laneEnds.findIndex((end) => end <= piece.from + slackMs);
    const lane = free < 0 ? laneEnds.length : free;
    laneEnds[lane] = Math.max(piece.until, laneEnds[lane] ?? 0);
    return [{ kind: "leader", ...piece, id: term.id, epoch: term.epoch, lane }];
  });
  const watched = history.watched.flatMap((span) => clip(span, window) ?? []);
  const nobody = subtract(watched, [...led, ...brief]);
  const unknown = subtract([window], [...led, ...brief, ...watched]);
  return [
    ...led,
    ...brief,
    ...nobody.map((piece): Band => ({ kind: "nobody", ...piece })),
    ...unknown.map((piece): Band => ({ kind: "unknown", ...piece })),
  ];
}

function clip(span: Span, window: Piece): Piece | undefined {
  const from = Math.max(span.from, window.from);
  const until = Math.min(span.until ?? window.until, window.until);
  return from < until ? { from, until } : undefined;
}

/** What is in `pieces`, which are apart, and in none of `others`. */
function subtract(pieces: readonly Piece[], others: readonly Piece[]): Piece[] {
  const sorted = [...others].sort((a, b) => a.from - b.from);
  return pieces.flatMap(({ from, until }) => {
    const left: Piece[] = [];
    let at = from;
    for (const other of sorted) {
      if (other.from >= until) break;
      if (other.from > at) left.push({ from: at, until: other.from });
      at = Math.max(at, other.until);
    }
    if (at < until) left.push({ from: at, until });
    return left;
  });
}

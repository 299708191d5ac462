/**
 * Rows change places whenever hosts are ranked anew. Who walks through them by keyboard must not lose the focus by it, nor pass over a row
 * that moved from below to above: while the keyboard is among the rows, they keep their places.
 */

import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

interface Named {
  readonly id: string;
}

interface Places<T> {
  readonly rows: readonly T[];
  /** Whether the rows stand otherwise than they are ranked. */
  readonly areKept: boolean;
}

/** Those that have a place in it, then the others as they are ranked. */
export function inPlaces<T extends Named>(ranked: readonly T[], places: readonly string[]): readonly T[] {
  const indexes = new Map(places.map((id, index) => [id, index]));
  const indexOf = ({ id }: T): number => indexes.get(id) ?? places.length;
  return [...ranked].sort((a, b) => indexOf(a) - indexOf(b));
}

/**
 * @param body the element that has the rows
 * @param limit rows that are drawn
 */
export function useKeptPlaces<T extends Named>(
  body: RefObject<HTMLElement | null>,
  ranked: readonly T[],
  limit: number,
): Places<T> {
  const places = useRef<readonly string[]>([]);
  // Asked at each drawing, not noted by events: an element that is taken out says nothing when it loses the focus.
  const isWalked = (body.current?.querySelector(":focus-visible") ?? null) !== null;
  const rows = (isWalked ? inPlaces(ranked, places.current) : ranked).slice(0, limit);
  places.current = rows.map(({ id }) => id);
  useKeptFocus(body);
  return { rows, areKept: isWalked && rows.some((row, index) => row !== ranked[index]) };
}

/** A link that was clicked has the focus too. Its row moves, and where a browser has no `moveBefore`, what is moved loses the focus. */
function useKeptFocus(body: RefObject<HTMLElement | null>): void {
  const focused = body.current?.querySelector<HTMLElement>(":focus");
  useLayoutEffect(() => {
    if (focused?.isConnected === true && focused !== document.activeElement) focused.focus({ preventScroll: true });
  });
}

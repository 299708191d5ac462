/** Why a lead ended, its leader knows alone: the page asks that leader's own dashboard, once for each term. */

import { useEffect, useRef } from "preact/hooks";
import type { Term } from "../core/leadership-history.js";
import { parseShown } from "./incoming.js";
import { pageUrl } from "./page-url.js";
import type { DashboardPage, Shown } from "./state.js";

/** At a time: a page that was just opened has the terms of the last hours to ask for. */
const MAX_ASKED = 4;
const PATIENCE_MS = 2_000;

export function useToldEnds(
  terms: readonly Term[],
  pages: readonly DashboardPage[],
  onTold: (shown: Shown) => void,
): void {
  const asked = useRef(new Set<string>());
  useEffect(() => {
    const open = terms.filter((term) => term.until !== undefined && !term.isTold && !asked.current.has(keyOf(term)));
    const leaders = [...new Set(open.map(({ id }) => id))].slice(-MAX_ASKED);
    for (const id of leaders) {
      const url = pageUrl(pages.find((page) => page.id === id)?.url);
      if (url === undefined) continue;
      for (const term of open) if (term.id === id) asked.current.add(keyOf(term));
      fetch(new URL("state", url), { signal: AbortSignal.timeout(PATIENCE_MS) })
        .then((response) => (response.ok ? response.text() : undefined))
        .then((json) => json !== undefined && onTold(ofLeader(parseShown(json) as Shown, id)))
        .catch(() => {}); // it is dead, or cut off: what others saw of it stands
    }
  }, [terms, pages.length]);
}

/** What it says of itself alone. */
function ofLeader({ state, history: { history } }: Shown, id: string): Shown {
  return { state, history: { history: { watched: [], terms: history.terms.filter((term) => term.id === id) } } };
}

function keyOf({ id, epoch }: Term): string {
  return `${epoch} ${id}`;
}

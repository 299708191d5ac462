/** The dashboards that the page heard of, kept for when it is loaded again. */

import { pageUrl } from "./page-url.js";
import type { DashboardPage } from "./state.js";

const KEY = "election.pages";
const MAX_PAGES = 64;

/** The other dashboards that were remembered; none where the browser does not let us remember. */
export function rememberedPages(): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept.flatMap((url) => pageUrl(url) ?? []).slice(0, MAX_PAGES) : [];
  } catch {
    return [];
  }
}

export function rememberPages(pages: readonly DashboardPage[]): void {
  try {
    const urls = pages.flatMap(({ url }) => pageUrl(url) ?? []);
    localStorage.setItem(KEY, JSON.stringify([...new Set([...urls, ...rememberedPages()])].slice(0, MAX_PAGES)));
  } catch {
    // Private windows may refuse: the page then knows only what it hears.
  }
}

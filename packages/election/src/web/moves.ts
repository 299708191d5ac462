/** Which node the page listens to, and which it listened to before. */

import { timeOfDay } from "./format.js";

export interface ConnectionState {
  readonly status: "live" | "connecting";
  /** The dashboard that is listened to, or asked. */
  readonly url: string;
  /** Attempts without an answer. */
  readonly attempt: number;
}

export interface Listening {
  /** The dashboard that was heard last. */
  readonly url: string | undefined;
  /** The one before it, and when the page moved from it. */
  readonly from: string | undefined;
  readonly movedAt: number;
  /** Since when none was heard; undefined while one is. */
  readonly lostAt: number | undefined;
}

export const NOT_YET: Listening = { url: undefined, from: undefined, movedAt: 0, lostAt: undefined };

export function follow(known: Listening, { status, url }: ConnectionState, at: number): Listening {
  if (status !== "live") {
    return known.url === undefined || known.lostAt !== undefined ? known : { ...known, lostAt: at };
  }
  if (known.url === url) return known.lostAt === undefined ? known : { ...known, lostAt: undefined };
  const from = known.url;
  return { url, from, movedAt: from === undefined ? 0 : at, lostAt: undefined };
}

/** @param node the name of the node that is listened to, where it has one; undefined where there is nothing to say */
export function moveWords({ url, from, movedAt, lostAt }: Listening, node: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (lostAt !== undefined) {
    return `${hostOf(url)} does not answer since ${timeOfDay(lostAt)}; what is shown is the last that was heard. Asking the others.`;
  }
  if (from === undefined) return undefined;
  const name = node === undefined || node === "" ? "the node" : node;
  return `${hostOf(from)} does not answer any more; now listening to ${name} at ${hostOf(url)}, since ${timeOfDay(movedAt)}.`;
}

function hostOf(url: string): string {
  return new URL(url).host;
}

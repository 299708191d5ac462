/** Whose table it is, and how old. */

import { count, duration } from "./format.js";
import { isCurrent, type SeenHost, type SeenHosts } from "./seen-hosts.js";
import type { ShownState } from "./state.js";

/** How many are connected of all that are shown or left out, and who says so. */
export function sourceWords(hosts: readonly SeenHost[], seen: SeenHosts, state: ShownState, now: number): string {
  const { table, asOf } = seen;
  if (table === undefined) return "As the leader sees them";
  const isSentConnected = ({ status }: { readonly status: string }): boolean => status === "connected";
  const unsentConnected = Math.max(0, table.connected - table.rows.filter(isSentConnected).length);
  const connected = hosts.filter(isSentConnected).length + unsentConnected;
  const all = hosts.length + Math.max(0, table.total - table.rows.length);
  const known = `${count(connected)} of ${count(all)} connected`;
  const { leader, source, silence } = state;
  if (isCurrent(seen, state) && source?.problem === undefined) return `${known}, as ${table.by} sees them`;
  const old = `${known} as last known, by ${table.by} ${duration(now - asOf)} ago`;
  if (leader === undefined) return `${old}: nobody leads`;
  if (leader.id !== table.by) {
    return `${old}; ${leader.id} leads now, and ${silence === undefined ? "its table has not come yet" : "does not answer"}`;
  }
  return `${old}: ${source?.problem ?? "its newer table has not come yet"}`;
}

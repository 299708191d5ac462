/** Which rows of a long table are sent. */
import type { HostRow } from "../core/contract.js";

/** The first rows; of a table that is longer, a quarter for the hosts that are not connected, which come last. */
export function pickRows(rows: readonly HostRow[], max: number): readonly HostRow[] {
  if (rows.length <= max) return rows;
  const lost = rows.filter(({ status }) => status === "disconnected").slice(0, Math.floor(max / 4));
  return [...rows.filter(({ status }) => status === "connected").slice(0, max - lost.length), ...lost];
}

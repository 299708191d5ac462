/** Numbers that a member is told are lost to it (docs/broadcast.md B19, B20). */

import type { Connection } from "./connection.js";
import type { ServerContext } from "./server-context.js";

/** So many separate gaps may be unacknowledged. */
const MAX_SKIPPED = 64;

/**
 * Tells that everything from its cursor up to `to` is lost to it; the cursor stays where it is. Nothing where there is nothing.
 * False: that was one gap too many, and the connection is closed.
 */
export function tellGap(
  { out, hangUp }: ServerContext,
  room: string,
  connection: Connection,
  { to, reason }: { readonly to: number; readonly reason: "slow" | "retention" },
  now: number,
): boolean {
  const from = connection.cursor.number;
  if (to < from) return true;
  out.say(connection.id, { type: "gap", from, to, reason });
  out.event({ type: "gap", room, connection: connection.id, from, to });
  const { skipped } = connection;
  const last = skipped[skipped.length - 1];
  if (last !== undefined && last.to === from - 1) last.to = to;
  else skipped.push({ from, to });
  connection.laggingSince = now;
  connection.lastSent = now;
  if (skipped.length <= MAX_SKIPPED) return true;
  hangUp(connection, "SLOW", `${MAX_SKIPPED} gaps are not acknowledged`, now);
  return false;
}

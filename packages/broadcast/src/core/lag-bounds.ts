/** How far behind a member may be (docs/broadcast.md B19). What then happens is for the fan-out. */

import type { Connection } from "./connection.js";
import type { RoomLog } from "./room-log.js";
import type { ServerSettings } from "./server-options.js";

/** With `block` publishers stop at this part of the bounds. */
const BLOCK_AT = 0.8;
export const TRIMMED = "what it needs next was trimmed";

export class LagBounds {
  readonly #settings: ServerSettings;
  readonly #log: RoomLog;
  readonly #hasOlder: boolean;

  /** @param hasOlder what the log in memory does not hold any more can be read elsewhere */
  constructor(settings: ServerSettings, log: RoomLog, hasOlder: boolean) {
    this.#settings = settings;
    this.#log = log;
    this.#hasOlder = hasOlder;
  }

  /** Of one that lags; undefined: it is not. */
  whyTooSlow(connection: Connection, now: number): string | undefined {
    const { maxLagMessages, maxLagBytes, maxLagMs, onSlow } = this.#settings;
    const { cursor, laggingSince } = connection;
    if (connection.snapshot === undefined && cursor.number < this.#log.first && !this.#hasOlder) return TRIMMED;
    // Asked as it is woken for: with parts of milliseconds `now - laggingSince` may be less, by rounding.
    if (onSlow !== "block" && now >= laggingSince + maxLagMs && connection.paused === 0) {
      return `it took nothing for ${maxLagMs} ms`;
    }
    // Who never was live comes from further behind than these bounds, and makes way: what it needs is held, or trimmed.
    if (connection.catchingUp) return undefined;
    const missing = this.#log.head + 1 - cursor.number;
    if (missing > maxLagMessages) return `it is ${missing} entries behind`;
    const bytes = this.#log.bytesFrom(cursor);
    return bytes > maxLagBytes ? `it is ${bytes} bytes behind` : undefined;
  }

  /** Whether it is so far behind that publishers must wait (`block`). */
  isNear(connection: Connection, now: number): boolean {
    if (connection.live) return false;
    const { maxLagMessages, maxLagBytes, historyMessages, historyBytes } = this.#settings;
    const { cursor } = connection;
    const missing = this.#log.head + 1 - cursor.number;
    if (missing >= BLOCK_AT * Math.min(maxLagMessages, historyMessages)) return true;
    if (this.#log.bytesFrom(cursor) >= BLOCK_AT * Math.min(maxLagBytes, historyBytes)) return true;
    return missing > 0 && now >= this.nearAt(connection);
  }

  /** When it will be near for its time alone. */
  nearAt({ laggingSince }: Connection): number {
    return laggingSince + BLOCK_AT * this.#settings.maxLagMs;
  }
}

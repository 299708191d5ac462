/** Who publishes in a room, and when they are not read from (docs/broadcast.md B16, B19). */

import { type Connection, PAUSED_FOR_COMMIT, PAUSED_FOR_RATE, PAUSED_FOR_SLOW } from "./connection.js";
import type { FanOut } from "./fan-out.js";
import type { ServerContext } from "./server-context.js";

export class Publishers {
  readonly #context: ServerContext;
  readonly #publishers = new Set<Connection>();
  #pausedForCommit = false;
  #pausedForSlow = false;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  remove(connection: Connection): void {
    this.#publishers.delete(connection);
  }

  /** It published so many: whether it is read from no more, for its rate or as everybody else. */
  published(connection: Connection, count: number, now: number): void {
    const { settings, pause } = this.#context;
    if (!this.#publishers.has(connection)) {
      this.#publishers.add(connection);
      if (this.#pausedForCommit) pause(connection, PAUSED_FOR_COMMIT, true, now);
      if (this.#pausedForSlow) pause(connection, PAUSED_FOR_SLOW, true, now);
    }
    connection.tokens = Math.min(settings.maxPublishRate, this.#tokens(connection, now)) - count;
    connection.tokensAt = now;
    if (connection.tokens >= 0) return;
    pause(connection, PAUSED_FOR_RATE, true, now);
    this.#context.out.wake(this.#until(connection));
  }

  /** So many bytes wait for their commit. */
  pending(bytes: number, now: number): void {
    const paused = bytes > this.#context.settings.maxCommitBytes;
    if (paused === this.#pausedForCommit) return;
    this.#pausedForCommit = paused;
    for (const connection of this.#publishers) this.#context.pause(connection, PAUSED_FOR_COMMIT, paused, now);
  }

  /** With `block` they stop while somebody is near the bounds, but for those who are themselves: their ACKs are awaited. */
  checkSlow(fanOut: FanOut, now: number): void {
    if (this.#context.settings.onSlow !== "block") return;
    this.#pausedForSlow = !fanOut.nobodyNearBound(now);
    for (const connection of this.#publishers) {
      const paused = this.#pausedForSlow && !fanOut.isNearBound(connection, now);
      this.#context.pause(connection, PAUSED_FOR_SLOW, paused, now);
    }
  }

  tick(now: number): void {
    for (const connection of this.#publishers) {
      if ((connection.paused & PAUSED_FOR_RATE) === 0) continue;
      const until = this.#until(connection);
      // By the same sum that it was woken for: another might round to a hair below, for ever.
      if (now >= until) this.#context.pause(connection, PAUSED_FOR_RATE, false, now);
      else this.#context.out.wake(until);
    }
  }

  #tokens({ tokens, tokensAt }: Connection, now: number): number {
    return tokens + ((now - tokensAt) * this.#context.settings.maxPublishRate) / 1_000;
  }

  #until({ tokens, tokensAt }: Connection): number {
    return tokensAt + (-tokens * 1_000) / this.#context.settings.maxPublishRate;
  }
}

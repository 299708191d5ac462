/** When a client connects again (docs/broadcast.md B33). */

import type { Platform } from "./platform.js";

/** A connection that lasted so many first waits after its WELCOME was a good one. */
const GOOD_WAITS = 4;

export class Backoff {
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #platform: Platform;
  /** Connections that were tried since the last good one. */
  #tries = 0;
  #welcomedAt: number | undefined;

  constructor(minMs: number, maxMs: number, platform: Platform) {
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#platform = platform;
  }

  /** Connections that failed one after another. */
  get failures(): number {
    return this.#tries;
  }

  /** A connection is tried. */
  tried(): void {
    this.#tries++;
    this.#welcomedAt = undefined;
  }

  welcomed(now: number): void {
    this.#welcomedAt = now;
  }

  /** The connection is gone: how long to wait before the next one. */
  lost(now: number): number {
    if (this.#welcomedAt !== undefined && now - this.#welcomedAt >= GOOD_WAITS * this.#minMs) this.#tries = 0;
    this.#welcomedAt = undefined;
    if (this.#tries === 0) return 0;
    const waitMs = Math.min(this.#maxMs, this.#minMs * 2 ** (this.#tries - 1));
    const [high = 0, low = 0] = this.#platform.randomBytes(2);
    return (waitMs * (1 + (high * 256 + low) / 65_536)) / 2;
  }
}

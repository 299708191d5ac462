/** How fast a client's files come (docs/rake.md R29): a mean of those above 64 KiB. */

import { lastWeighted } from "./durations.js";

const LEAST_BYTES = 65_536;

export class Bandwidth {
  #bytesPerSecond: number | undefined;
  readonly #unknown: number;

  /** @param unknown before the first was measured */
  constructor(unknown: number) {
    this.#unknown = unknown;
  }

  get bytesPerSecond(): number {
    return this.#bytesPerSecond ?? this.#unknown;
  }

  measured(bytes: number, tookMs: number): void {
    if (bytes <= LEAST_BYTES) return;
    this.#bytesPerSecond = lastWeighted(this.#bytesPerSecond, (bytes * 1_000) / Math.max(tookMs, 0.1));
  }
}

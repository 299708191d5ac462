/** Removes parts that nobody came back for: once at the start, then every hour at least (S84). */
import type { PartFolder } from "./part-folder.js";

/** A day. */
export const DEFAULT_PART_TTL_MS: number = 24 * 60 * 60 * 1000;
const LONGEST_PAUSE_MS = 60 * 60 * 1000;

export class PartSweeper {
  readonly #parts: PartFolder;
  readonly #ttlMs: number;
  readonly #swept: (removed: number) => void;
  readonly #timer: NodeJS.Timeout;

  /** @param ttlMs how long after the last write a part may be claimed */
  constructor(parts: PartFolder, ttlMs: number, swept: (removed: number) => void = () => {}) {
    this.#parts = parts;
    this.#ttlMs = ttlMs;
    this.#swept = swept;
    this.#timer = setInterval(() => void this.sweep(), Math.max(1000, Math.min(ttlMs, LONGEST_PAUSE_MS))).unref();
  }

  /** Never rejects. */
  async sweep(): Promise<void> {
    const removed = await this.#parts.sweep(Date.now() - this.#ttlMs);
    if (removed > 0) this.#swept(removed);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

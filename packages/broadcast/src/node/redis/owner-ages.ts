/** How long ago connections first asked for their sessions: of two that wait for an engine, the later one is the client's (B11). */
import { performance } from "node:perf_hooks";

/** Longer than any connection asks: a gateway closes it before. */
const KEPT_MS = 120_000;

export class OwnerAges {
  /** The one that began first is first. */
  readonly #begun = new Map<string, number>();

  /** Of an owner that has asked before nothing changes. */
  begin(owner: string): void {
    const now = performance.now();
    for (const [one, at] of this.#begun) {
      if (now - at < KEPT_MS) break;
      this.#begun.delete(one);
    }
    if (!this.#begun.has(owner)) this.#begun.set(owner, now);
  }

  /** In milliseconds. */
  of(owner: string): number {
    const now = performance.now();
    return now - (this.#begun.get(owner) ?? now);
  }
}

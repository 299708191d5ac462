/** What is remembered of sessions that have ended (docs/stopwait-udp.md, S44). All live equally long, so the oldest ends first. */

import type { PacketChecksum } from "./v2-checksum.js";

export interface Tombstone {
  readonly operation: "get" | "put";
  /** 0: done. */
  readonly code: number;
  readonly checksum: PacketChecksum;
  /** When it is forgotten. */
  readonly until: number;
}

export class Tombstones {
  readonly #byKey = new Map<string, Tombstone>();
  readonly #lifetimeMs: number;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** When the next one is forgotten. */
  get deadline(): number | undefined {
    for (const { until } of this.#byKey.values()) return until;
    return undefined;
  }

  get(key: string): Tombstone | undefined {
    return this.#byKey.get(key);
  }

  add(now: number, key: string, tombstone: Omit<Tombstone, "until">): void {
    this.#byKey.set(key, { ...tombstone, until: now + this.#lifetimeMs });
  }

  forget(now: number): void {
    for (const [key, { until }] of this.#byKey) {
      if (until > now) return;
      this.#byKey.delete(key);
    }
  }

  fingerprint(now: number): string {
    return [...this.#byKey]
      .map(([key, { operation, code, until }]) => `${key},${operation},${code},${until - now}`)
      .join(";");
  }
}

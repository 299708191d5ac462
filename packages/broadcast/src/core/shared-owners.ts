/** The sessions that this gateway owns: renewed while they are connected and for their time of grace, then left (docs/broadcast.md B22, B39). */

import type { ServerContext } from "./server-context.js";
import type { SharedRequests } from "./shared-requests.js";

/**
 * The least time that a gateway may say nothing before others take leaves for its members: with a shorter `graceMs` they would leave
 * between two renewals, and those would never end.
 */
const MIN_SILENT_MS = 1_000;

interface Owned {
  readonly clientId: string;
  /** Undefined: connected. */
  awaySince: number | undefined;
}

export class SharedOwners {
  readonly #context: ServerContext;
  readonly #requests: SharedRequests;
  readonly #lost: (owner: string, now: number) => void;
  readonly #owned = new Map<string, Owned>();
  #renewAt: number | undefined;

  /** @param lost told of those that own their session no more */
  constructor(context: ServerContext, requests: SharedRequests, lost: (owner: string, now: number) => void) {
    this.#context = context;
    this.#requests = requests;
    this.#lost = lost;
  }

  get size(): number {
    return this.#owned.size;
  }

  start(now: number): void {
    this.#renewAt ??= now + this.#everyMs;
    this.#context.out.wake(this.#renewAt);
  }

  /** Its session has this owner now, and no other. */
  add(owner: string, clientId: string, now: number): void {
    for (const [other, owned] of this.#owned) if (owned.clientId === clientId) this.#owned.delete(other);
    this.#owned.set(owner, { clientId, awaySince: undefined });
    this.start(now);
  }

  /** Its connection is gone. */
  away(owner: string, now: number): void {
    const owned = this.#owned.get(owner);
    if (owned === undefined) return;
    owned.awaySince = now;
    this.#context.out.wake(now + this.#context.settings.graceMs);
  }

  /** It left. */
  forget(owner: string): void {
    this.#owned.delete(owner);
  }

  tick(now: number): void {
    const { out, settings } = this.#context;
    for (const [owner, { clientId, awaySince }] of this.#owned) {
      if (awaySince === undefined) continue;
      if (now < awaySince + settings.graceMs) {
        out.wake(awaySince + settings.graceMs);
        continue;
      }
      // Where the outcome is not known, nobody renews it any more, and whichever gateway does so for others finds it (B39).
      this.#owned.delete(owner);
      this.#requests.ask({ op: "leave", clientId, owner, reason: "timed out" }, now, () => {});
    }
    if (this.#renewAt === undefined) return;
    if (now < this.#renewAt) {
      out.wake(this.#renewAt);
      return;
    }
    this.#renewAt = now + this.#everyMs;
    out.wake(this.#renewAt);
    const owners = [...this.#owned.keys()];
    this.#requests.ask({ op: "renew", owners, graceMs: this.#silentMs }, now, (answer, then) => {
      for (const owner of answer?.lost ?? []) {
        if (this.#owned.delete(owner)) this.#lost(owner, then);
      }
    });
  }

  /** Often enough that one that fails does not cost a session, and that a room where nothing happens learns of an engine that is gone (B40). */
  get #everyMs(): number {
    return Math.max(1, Math.min(this.#silentMs, this.#context.settings.engineMs) / 4);
  }

  get #silentMs(): number {
    return Math.max(MIN_SILENT_MS, this.#context.settings.graceMs);
  }
}

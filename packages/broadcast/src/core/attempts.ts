/** One connection after another: when the next one is made, and after which there is none (docs/broadcast.md B33). */

import { Backoff } from "./backoff.js";
import type { ClientSettings } from "./client-options.js";
import type { CloseCode } from "./messages.js";
import type { Platform } from "./platform.js";
import type { SessionIdentity } from "./session-identity.js";

const NEVER = Number.POSITIVE_INFINITY;
/** A server that says so will say so again. */
const FINAL: ReadonlySet<CloseCode> = new Set(["TAKEN_OVER", "UNAUTHORIZED", "BAD_MESSAGE"]);

export class Attempts {
  /** The number of the last one, from 1; 0 before the first. */
  last = 0;
  /** When the next one is made, where one waits for its time. */
  retryAt: number = NEVER;
  readonly #maxAttempts: number;
  readonly #identity: SessionIdentity;
  readonly #backoff: Backoff;
  #wasWelcome = false;

  constructor({ backoffMs, maxBackoffMs, maxAttempts }: ClientSettings, platform: Platform, identity: SessionIdentity) {
    this.#maxAttempts = maxAttempts;
    this.#identity = identity;
    this.#backoff = new Backoff(backoffMs, maxBackoffMs, platform);
  }

  /** The next one begins: its number. */
  begin(): number {
    this.#backoff.tried();
    this.retryAt = NEVER;
    return ++this.last;
  }

  welcomed(now: number): void {
    this.#backoff.welcomed(now);
    this.#wasWelcome = true;
  }

  /** It is over: in how many milliseconds the next one is made; undefined where there were too many. */
  lost(now: number): number | undefined {
    const retryInMs = this.#backoff.lost(now);
    if (this.#backoff.failures >= this.#maxAttempts) return undefined;
    this.retryAt = now + retryInMs;
    return retryInMs;
  }

  /** Whether there is no other one after a CLOSE with this code. */
  endsWith(code: CloseCode): boolean {
    if (code === "FULL") return !this.#wasWelcome;
    if (code !== "UNAUTHORIZED" || !this.#identity.isKnown) return FINAL.has(code);
    // The session may have been made anew by a connection whose WELCOME never came: its token is not known here.
    this.#identity.forget();
    return false;
  }
}

/** The hosts of a build over v1: which of them may be asked, and what came of it (R9, R32). */
import type { BuildSettings } from "../core/build-options.js";
import type { HostAddress } from "../core/plan.js";

export class V1Host {
  readonly index: number;
  readonly address: HostAddress;
  readonly name: string;
  /** Why it is not there, or was not the last time. */
  why = "";
  backoffUntil = 0;
  #backoffMs: number;
  readonly #settings: BuildSettings;

  constructor(index: number, address: HostAddress, settings: BuildSettings) {
    this.index = index;
    this.address = address;
    this.name = `${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
    this.#settings = settings;
    this.#backoffMs = settings.backoffMs;
  }

  /** Returns how long it lasts. */
  backOff(now: number, why: string): number {
    this.why = why;
    if (now >= this.backoffUntil) {
      this.backoffUntil = now + this.#backoffMs;
      this.#backoffMs = Math.min(this.#settings.maxBackoffMs, 2 * this.#backoffMs);
    }
    return this.backoffUntil - now;
  }

  succeeded(): void {
    this.#backoffMs = this.#settings.backoffMs;
    this.backoffUntil = 0;
  }
}

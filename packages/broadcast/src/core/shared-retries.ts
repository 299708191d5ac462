/** What a gateway asks its log again, a little later, after a request of which the outcome is not known. */

import type { ServerContext } from "./server-context.js";

const RETRY_MS = 100;

export class SharedRetries {
  readonly #context: ServerContext;
  #again: ((now: number) => void)[] = [];
  #at = 0;

  constructor(context: ServerContext) {
    this.#context = context;
  }

  add(ask: (now: number) => void, now: number): void {
    if (this.#again.length === 0) this.#at = now + RETRY_MS;
    this.#again.push(ask);
    this.#context.out.wake(this.#at);
  }

  tick(now: number): void {
    if (this.#again.length === 0) return;
    if (now < this.#at) {
      this.#context.out.wake(this.#at);
      return;
    }
    const again = this.#again;
    this.#again = [];
    for (const ask of again) ask(now);
  }
}

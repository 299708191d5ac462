/** What sessions of a gateway may publish when they come back: their rate is theirs, not that of a connection (docs/broadcast.md B16). */

import type { Connection } from "./connection.js";

interface Allowance {
  readonly tokens: number;
  readonly at: number;
}

export class SharedAllowances {
  /** Who lost a connection longest ago is first. */
  readonly #byClient = new Map<string, Allowance>();
  readonly #perSecond: number;
  readonly #maxClients: number;

  /** @param maxClients of whom something is kept: above it those who lost a connection longest ago are forgotten */
  constructor(perSecond: number, maxClients: number) {
    this.#perSecond = perSecond;
    this.#maxClients = maxClients;
  }

  /** Its connection is gone. */
  keep(clientId: string, { tokens, tokensAt }: Connection, now: number): void {
    this.#byClient.delete(clientId);
    const allowance = { tokens, at: tokensAt };
    if (now >= this.#fullAt(allowance)) return;
    this.#byClient.set(clientId, allowance);
    if (this.#byClient.size <= this.#maxClients) return;
    for (const first of this.#byClient.keys()) {
      this.#byClient.delete(first);
      return;
    }
  }

  /** It has another connection. */
  goOn(clientId: string, connection: Connection): void {
    const allowance = this.#byClient.get(clientId);
    if (allowance === undefined) return;
    this.#byClient.delete(clientId);
    connection.tokens = allowance.tokens;
    connection.tokensAt = allowance.at;
  }

  /** When one that is kept is at its full rate again, and forgotten; undefined: none is kept any more. */
  forgetFull(now: number): number | undefined {
    let until: number | undefined;
    for (const [clientId, allowance] of this.#byClient) {
      const fullAt = this.#fullAt(allowance);
      if (now >= fullAt) this.#byClient.delete(clientId);
      else until = Math.min(until ?? fullAt, fullAt);
    }
    return until;
  }

  #fullAt({ tokens, at }: Allowance): number {
    return at + ((this.#perSecond - tokens) * 1_000) / this.#perSecond;
  }
}

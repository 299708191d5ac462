/** Fencing tokens: what a leader shows to whatever it writes to, so that a former one is refused (election rule E14). */

import { StaleTokenError } from "./errors.js";

export interface Token {
  /** From 1 on. */
  readonly epoch: number;
  /** The leader's id. In quorum mode the epoch alone tells tokens apart; in available mode both do. */
  readonly id: string;
}

/** Negative where `a` is lower than `b`: by the epoch, then the smaller id is the higher token. 0 for the same token. */
export function compareToken(a: Token, b: Token): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
}

/** What a resource that leaders write to must do: remember the highest token, and refuse every lower one. */
export class FencedResource {
  #highest: Token | undefined;

  /** @param highest what was accepted before, where the resource remembers it across restarts */
  constructor(highest?: Token) {
    this.#highest = highest;
  }

  /** The highest token that was accepted. */
  get highest(): Token | undefined {
    return this.#highest;
  }

  /** Whether the token would be accepted; accepts it where it would. */
  tryAccept(token: Token): boolean {
    if (this.#highest !== undefined && compareToken(token, this.#highest) < 0) return false;
    this.#highest = token;
    return true;
  }

  /** @throws StaleTokenError for a token below the highest that was accepted */
  accept(token: Token): void {
    if (this.tryAccept(token)) return;
    const { epoch, id } = this.#highest as Token;
    throw new StaleTokenError(`token ${token.epoch} of ${token.id} is below ${epoch} of ${id}`);
  }
}

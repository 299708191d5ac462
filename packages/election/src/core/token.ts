/** Fencing tokens: what a leader shows to whatever it writes to, so that a former one is refused (election rule E14). */

import { StaleTokenError } from "./errors.js";

export interface Token {
  /** From 1 on. */
  readonly epoch: number;
  /** The leader's id. In quorum mode the epoch alone tells tokens apart; in available mode both do. */
  readonly id: string;
}

/**
 * Negative where `a` is lower than `b`: by the epoch, then the smaller id is the higher token. 0 for the same token.
 * @throws TypeError for what is no token
 */
export function compareToken(a: Token, b: Token): number {
  return orderOf(checkToken(a), checkToken(b));
}

/** As `compareToken`, for whatever has an epoch and an id. */
export function orderOf(a: Token, b: Token): number {
  if (a.epoch !== b.epoch) return a.epoch - b.epoch;
  return a.id === b.id ? 0 : a.id < b.id ? 1 : -1;
}

/** Against what is no token nothing is higher or lower: it would open a resource to every former leader. */
function checkToken(token: Token): Token {
  if (typeof token !== "object" || token === null) throw new TypeError(`a token is wanted, not ${shown(token)}`);
  const { epoch, id } = token;
  if (!Number.isSafeInteger(epoch) || epoch < 1) {
    throw new TypeError(`token.epoch is ${shown(epoch)}, but must be a whole number from 1 on`);
  }
  if (typeof id !== "string") throw new TypeError(`token.id is ${shown(id)}, but must be a text`);
  return token;
}

/** What its owner changes later changes nothing here. */
function copyOf({ epoch, id }: Token): Token {
  return { epoch, id };
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** What a resource that leaders write to must do: remember the highest token, and refuse every lower one. */
export class FencedResource {
  #highest: Token | undefined;

  /**
   * @param highest what was accepted before, where the resource remembers it across restarts
   * @throws TypeError for what is no token
   */
  constructor(highest?: Token) {
    this.#highest = highest === undefined ? undefined : copyOf(checkToken(highest));
  }

  /** The highest token that was accepted. */
  get highest(): Token | undefined {
    return this.#highest;
  }

  /**
   * Whether the token would be accepted; accepts it where it would.
   * @throws TypeError for what is no token
   */
  tryAccept(token: Token): boolean {
    const checked = checkToken(token);
    if (this.#highest !== undefined && orderOf(checked, this.#highest) < 0) return false;
    this.#highest = copyOf(checked);
    return true;
  }

  /** @throws StaleTokenError for a token below the highest that was accepted, TypeError for what is no token */
  accept(token: Token): void {
    if (this.tryAccept(token)) return;
    const { epoch, id } = this.#highest as Token;
    throw new StaleTokenError(`token ${token.epoch} of ${token.id} is below ${epoch} of ${id}`);
  }
}

/** What people are told of hosts that are not counted: once, until it has changed (election rules E7, E24). */

import type { ElectionOutput, TroubleKind } from "./contract.js";

/** Troubles that are told at once, at most: reports that are refused must not fill a log (E46). */
const MAX_TOLD = 64;

export class Troubles {
  readonly #told = new Set<string>();
  readonly #emit: (output: ElectionOutput) => void;

  constructor(emit: (output: ElectionOutput) => void) {
    this.#emit = emit;
  }

  /** @param about what it is about beside the address: two ids may be behind one */
  tell(kind: TroubleKind, address: string, about: string, text: string): void {
    const key = keyOf(kind, address, about);
    if (this.#told.has(key) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(key);
    this.#emit({ type: "trouble", kind, address, text });
  }

  /** It has changed: should it come again, it is told again. */
  end(kind: TroubleKind, address: string, about: string): void {
    if (this.#told.size > 0) this.#told.delete(keyOf(kind, address, about));
  }

  /** Another leads now, or the same in another epoch. */
  clear(): void {
    this.#told.clear();
  }
}

function keyOf(kind: TroubleKind, address: string, about: string): string {
  return JSON.stringify([kind, address, about]);
}

/** Nodes that are driven by their timers alone. */
import type { NodeInput, NodeOutput, NodeProgram } from "../../src/core/index.js";

export class Ticker implements NodeProgram {
  ticks = 0;
  readonly #everyMs: number;
  readonly #counts: boolean;
  #deadline = 0;

  /** @param counts whether the number of ticks is part of its state, so that no state ever comes again */
  constructor(everyMs: number, counts: boolean) {
    this.#everyMs = everyMs;
    this.#counts = counts;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "tick") this.ticks++;
    this.#deadline = now + this.#everyMs;
    return [];
  }

  nextDeadline(): number {
    return this.#deadline;
  }

  fingerprint(now: number): string {
    return `${this.#deadline - now} ${this.#counts ? this.ticks : ""}`;
  }
}

/** Wakes once, and remembers when. */
export class Once implements NodeProgram {
  firedAt: number | undefined;
  readonly #deadline: number;

  constructor(deadline: number) {
    this.#deadline = deadline;
  }

  handle(now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "tick") this.firedAt = now;
    return [];
  }

  nextDeadline(): number | undefined {
    return this.firedAt === undefined ? this.#deadline : undefined;
  }

  fingerprint(): string {
    return `${this.firedAt}`;
  }
}

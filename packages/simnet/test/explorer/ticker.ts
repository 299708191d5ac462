/** Nodes that are driven by time alone. */
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

/** Asks for a bit of everything at its start, and writes down what comes when. */
export class Diary implements NodeProgram {
  readonly lines: string[] = [];
  readonly #deadlines = [6, 9];

  handle(now: number, input: NodeInput): NodeOutput[] {
    if (input.type === "tick") this.#deadlines.shift();
    if (input.type === "tick") this.lines.push(`tick at ${now}`);
    if (input.type === "later") this.lines.push(`later ${input.token}`);
    if (input.type === "datagram") this.lines.push(`packet ${input.bytes[0]} at ${now}`);
    if (input.type === "datagram" && input.bytes[0] === 1) return this.#packet(Uint8Array.of(2));
    if (input.type !== "start") return [];
    const laters = [9, 1, 4, 9].map((afterMs): NodeOutput => ({ type: "later", afterMs, token: afterMs }));
    return [{ type: "bind", port: 1 }, ...laters, ...this.#packet(Uint8Array.of(1))];
  }

  nextDeadline(): number | undefined {
    return this.#deadlines[0];
  }

  #packet(bytes: Uint8Array): NodeOutput[] {
    return [{ type: "datagram", port: 1, to: { node: "diary", port: 1 }, bytes }];
  }
}

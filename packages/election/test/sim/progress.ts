/** A line on a terminal that says how far a simulation is; nothing where stderr is none. */
import { performance } from "node:perf_hooks";
import type { Tally } from "./seed-runs.js";

const SHOWN_EVERY_MS = 200;

export class Progress {
  readonly #what: string;
  readonly #all: number;
  readonly #began = performance.now();
  #shownAt = 0;
  #seeds = 0;
  #violations = 0;

  constructor(what: string, all: number) {
    this.#what = what;
    this.#all = all;
  }

  add({ seeds, violations }: Tally): void {
    this.#seeds += seeds;
    this.#violations += violations.length;
    const now = performance.now();
    if (!process.stderr.isTTY || now - this.#shownAt < SHOWN_EVERY_MS) return;
    this.#shownAt = now;
    const perSecond = this.#seeds / ((now - this.#began) / 1_000);
    const found = this.#what === "mutants" ? `${this.#violations} caught` : `${this.#violations} violations`;
    process.stderr.write(
      `\r\x1b[K${this.#what}: ${this.#seeds} of ${this.#all} seeds, ${found}, ${perSecond.toFixed(0)} seeds/s`,
    );
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

/** How far a simulation is: one line on a terminal, and in a file a line for each tenth. */
import { performance } from "node:perf_hooks";
import type { Tally } from "./seed-runs.js";

const SHOWN_EVERY_MS = 200;
/** A run of fewer seeds is over soon. */
const WORTH_A_TENTH = 5_000;

export class Progress {
  readonly #what: string;
  readonly #all: number;
  readonly #began = performance.now();
  #shownAt = 0;
  #tenths = 0;
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
    if (!process.stderr.isTTY) return this.#tell(now);
    if (now - this.#shownAt < SHOWN_EVERY_MS) return;
    this.#shownAt = now;
    process.stderr.write(`\r\x1b[K${this.#text(now)}`);
  }

  #tell(now: number): void {
    const tenths = Math.floor((10 * this.#seeds) / this.#all);
    if (tenths === this.#tenths || this.#all < WORTH_A_TENTH) return;
    this.#tenths = tenths;
    process.stderr.write(`  ${this.#text(now)}\n`);
  }

  #text(now: number): string {
    const perSecond = this.#seeds / ((now - this.#began) / 1_000);
    const found = this.#what === "mutants" ? `${this.#violations} caught` : `${this.#violations} violations`;
    return `${this.#what}: ${this.#seeds} of ${this.#all} seeds, ${found}, ${perSecond.toFixed(0)} seeds/s`;
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  }
}

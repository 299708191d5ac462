/** What a reader that goes on reading notices: how late messages are, and how long none comes. */
import type { Phase } from "./schedule.js";

export interface PhaseSummary {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** The longest time between two messages of this phase. */
  readonly silenceMs: number;
}

export interface ReadersSummary {
  readonly before: PhaseSummary;
  readonly stopped: PhaseSummary;
  /** Messages that did not come as the next one. */
  readonly faults: number;
}

export class Latencies {
  #next = 0;
  #faults = 0;
  #lastAt = 0;
  readonly #latencies: Record<Phase, number[]> = { before: [], stopped: [], after: [] };
  readonly #silences: Record<Phase, number> = { before: 0, stopped: 0, after: 0 };

  /** Message `index` came, at this time in milliseconds. */
  heard(index: number, phase: Phase, latencyMs: number, at: number): void {
    if (index !== this.#next) this.#faults++;
    this.#next = index + 1;
    if (index > 0) this.#silences[phase] = Math.max(this.#silences[phase], at - this.#lastAt);
    this.#lastAt = at;
    this.#latencies[phase].push(latencyMs);
  }

  /** Of all of them together. */
  static summary(all: readonly Latencies[]): ReadersSummary {
    const phase = (name: Phase): PhaseSummary => {
      const sorted = Float64Array.from(all.flatMap((one) => one.#latencies[name])).sort();
      const at = (part: number): number =>
        sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN;
      return {
        p50Ms: at(0.5),
        p99Ms: at(0.99),
        maxMs: at(1),
        silenceMs: Math.max(...all.map((one) => one.#silences[name])),
      };
    };
    return {
      before: phase("before"),
      stopped: phase("stopped"),
      faults: all.reduce((sum, one) => sum + one.#faults, 0),
    };
  }
}

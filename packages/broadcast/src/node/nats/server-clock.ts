/** The clock of the NATS server, as the own appends tell it: the clocks of gateways differ, and that one is the same for all. */
import { performance } from "node:perf_hooks";

/** What was measured is trusted a little less with every append, so that a clock that was set is followed. */
const AGEING = 1.01;

const ownNow = (): number => performance.timeOrigin + performance.now();

export class ServerClock {
  /** How far the own clock is ahead. */
  #aheadMs = 0;
  /** How long the append took by which that was found: it is right to half of it. */
  #tookMs = Number.POSITIVE_INFINITY;
  /** The last append of this gateway, and the last record that was read. */
  #stored: { readonly seq: number; readonly from: number; readonly to: number } | undefined;
  #seen: { readonly seq: number; readonly at: number } | undefined;

  /** In milliseconds since 1970; the own clock until something is known. */
  now(): number {
    return ownNow() - this.#aheadMs;
  }

  /** @returns what `stored` takes */
  begin(): number {
    return ownNow();
  }

  stored(seq: number, begun: number): void {
    this.#stored = { seq, from: begun, to: ownNow() };
    this.#compare();
  }

  /** @param at when the server stored the record */
  seen(seq: number, at: number): void {
    this.#seen = { seq, at };
    this.#compare();
  }

  #compare(): void {
    const { seq, from = 0, to = 0 } = this.#stored ?? {};
    if (seq === undefined || this.#seen?.seq !== seq) return;
    this.#stored = undefined;
    this.#tookMs *= AGEING;
    if (to - from > this.#tookMs) return;
    this.#tookMs = Math.max(0.1, to - from);
    this.#aheadMs = (from + to) / 2 - this.#seen.at;
  }
}

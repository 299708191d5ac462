/** Publishes message after message at a steady rate, and keeps what became of each. */
import { performance } from "node:perf_hooks";
import { setTimeout as wait } from "node:timers/promises";
import { payload } from "../fan-out/peer.js";

/** What a library's publish resolves to is of no concern here; a rejection with `UNKNOWN_OUTCOME` is. */
type Publish = (message: Uint8Array) => Promise<unknown>;

export type Outcome = "pending" | "acknowledged" | "unknown" | "failed";

export class SteadyPublisher {
  /** By index. */
  readonly outcomes: Outcome[] = [];
  /** When the first and the last were handed over. */
  began = 0;
  ended = 0;
  readonly #publish: Publish;

  constructor(publish: Publish) {
    this.#publish = publish;
  }

  /** Resolves when all were handed over, and then, or `settleMs` later at the latest, what became of them is known. */
  async run(perSecond: number, forMs: number, settleMs: number): Promise<void> {
    this.began = performance.now();
    const settled: Promise<void>[] = [];
    const count = Math.floor((perSecond * forMs) / 1_000);
    for (let index = 0; index < count; index++) {
      const early = this.began + (index * 1_000) / perSecond - performance.now();
      if (early > 0) await wait(early);
      this.outcomes.push("pending");
      settled.push(this.#one(index));
    }
    this.ended = performance.now();
    const timeout = new AbortController();
    await Promise.race([Promise.all(settled), wait(settleMs, undefined, { signal: timeout.signal }).catch(() => {})]);
    timeout.abort();
  }

  /** Indices with this outcome. */
  with(outcome: Outcome): number[] {
    return this.outcomes.flatMap((one, index) => (one === outcome ? [index] : []));
  }

  async #one(index: number): Promise<void> {
    try {
      await this.#publish(payload(index));
      this.outcomes[index] = "acknowledged";
    } catch (error) {
      this.outcomes[index] = (error as { code?: string }).code === "UNKNOWN_OUTCOME" ? "unknown" : "failed";
    }
  }
}

/** The index of a message that was published here; undefined: it is none. */
export function indexOf(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const index = view.getUint32(0);
  if (Buffer.compare(bytes, payload(index)) !== 0) throw new Error(`message ${index} came with other bytes`);
  return index;
}

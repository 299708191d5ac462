/** What is asked for of the two streams of a run, and how much came (docs/rake.md R23). */

import { MAX_BODY_BYTES } from "./message-limits.js";
import type { StreamName } from "./server-contract.js";
import type { ServerOutbox } from "./server-outbox.js";

const STREAMS: readonly StreamName[] = ["stdout", "stderr"];
const NO_BYTES = new Uint8Array(0);

export class StreamPulls {
  readonly #out: ServerOutbox;
  readonly #run: number;
  readonly #maxBytes: number;
  /** What came of each. */
  readonly #bytes: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  /** How much was asked for and has not come; 0: nothing is asked for. */
  readonly #asked: Record<StreamName, number> = { stdout: 0, stderr: 0 };
  readonly #ended: Record<StreamName, boolean> = { stdout: false, stderr: false };

  /** @param maxBytes of both together */
  constructor(out: ServerOutbox, run: number, maxBytes: number) {
    this.#out = out;
    this.#run = run;
    this.#maxBytes = maxBytes;
  }

  get areEnded(): boolean {
    return this.#ended.stdout && this.#ended.stderr;
  }

  /** @param room bytes that may come, with those that were asked for already */
  pull(room: number): void {
    for (const stream of STREAMS) {
      if (this.#ended[stream] || this.#asked[stream] > 0) continue;
      // One more than is allowed, so that it is noticed.
      const allowed = this.#maxBytes - this.#total + 1;
      const maxBytes = Math.min(MAX_BODY_BYTES, allowed, room - this.#asked.stdout - this.#asked.stderr);
      if (maxBytes <= 0) continue;
      this.#asked[stream] = maxBytes;
      this.#out.push({ type: "pull", run: this.#run, stream, maxBytes });
    }
  }

  /** What of it may be handed on, and where it stands in the stream; `isOver`: there was more than is allowed. */
  printed(stream: StreamName, bytes: Uint8Array): { offset: number; taken: Uint8Array; isOver: boolean } {
    this.#asked[stream] = 0;
    const offset = this.#bytes[stream];
    const allowed = this.#maxBytes - this.#total;
    const isOver = bytes.length > allowed;
    const taken = isOver ? (allowed > 0 ? bytes.subarray(0, allowed) : NO_BYTES) : bytes;
    this.#bytes[stream] += taken.length;
    return { offset, taken, isOver };
  }

  ended(stream: StreamName): void {
    this.#asked[stream] = 0;
    this.#ended[stream] = true;
  }

  get #total(): number {
    return this.#bytes.stdout + this.#bytes.stderr;
  }
}

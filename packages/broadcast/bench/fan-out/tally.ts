/** Counts what one subscriber is given, and refuses what is lost, repeated, out of order or changed. */
import { MESSAGE_BYTES, type Tally } from "./peer.js";

export class CountingTally implements Tally {
  /** In microseconds, where they are asked for. */
  readonly latenciesUs: number[] = [];
  readonly #perRound: number;
  readonly #times: boolean;
  readonly #onRound: () => void;
  #messages = 0;
  #bytes = 0;

  constructor(perRound: number, times: boolean, onRound: () => void) {
    this.#perRound = perRound;
    this.#times = times;
    this.#onRound = onRound;
  }

  message(payload: Uint8Array): void {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    const expected = this.#messages % this.#perRound;
    if (payload.length !== MESSAGE_BYTES || view.getUint32(0) !== expected) {
      throw new Error(`message ${expected} was expected, ${view.getUint32(0)} of ${payload.length} bytes came`);
    }
    if (this.#times) this.latenciesUs.push(Number(process.hrtime.bigint() - view.getBigUint64(4)) / 1_000);
    this.#messages++;
    if (this.#messages % this.#perRound === 0) this.#onRound();
  }

  raw(chunk: Uint8Array, headerBytes: number): void {
    const each = headerBytes + MESSAGE_BYTES;
    if (this.#times) {
      // One at a time, so slowly that each comes alone, or a few whole ones do.
      for (let at = headerBytes; at < chunk.length; at += each) this.message(chunk.subarray(at, at + MESSAGE_BYTES));
      return;
    }
    const before = Math.floor(this.#bytes / (each * this.#perRound));
    this.#bytes += chunk.length;
    if (Math.floor(this.#bytes / (each * this.#perRound)) > before) this.#onRound();
  }
}

/** Counts what one subscriber is given, and refuses what is lost, repeated, out of order or changed. */
import { MESSAGE_BYTES, type Tally } from "./peer.js";

export class CountingTally implements Tally {
  /** In microseconds, where they are asked for. */
  readonly latenciesUs: number[] = [];
  readonly #perRound: number;
  readonly #times: boolean;
  readonly #onRound: () => void;
  /** Of the message that comes next. */
  #next = 0;
  #bytes = 0;

  constructor(perRound: number, times: boolean, onRound: () => void) {
    this.#perRound = perRound;
    this.#times = times;
    this.#onRound = onRound;
  }

  message(payload: Uint8Array): void {
    // By hand: a view for each message would cost as much as what is measured.
    const index =
      (payload[0] as number) * 16_777_216 +
      (((payload[1] as number) << 16) | ((payload[2] as number) << 8) | (payload[3] as number));
    if (payload.length !== MESSAGE_BYTES || index !== this.#next) {
      throw new Error(`message ${this.#next} was expected, ${index} of ${payload.length} bytes came`);
    }
    if (this.#times) this.latenciesUs.push(microsecondsSince(payload));
    this.#next++;
    if (this.#next < this.#perRound) return;
    this.#next = 0;
    this.#onRound();
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

/** Since the publisher stamped it. */
function microsecondsSince({ buffer, byteOffset }: Uint8Array): number {
  return Number(process.hrtime.bigint() - new DataView(buffer, byteOffset).getBigUint64(4)) / 1_000;
}

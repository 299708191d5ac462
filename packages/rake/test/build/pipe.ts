/** One direction of a connection that takes no more than so much in a millisecond, in virtual time. */
import type { FakeNetwork } from "./fake-server.js";

/** Bytes that wait to be sent, above which the sender is told that it is full. */
const HIGH_WATER_BYTES = 65_536;

export interface PipeEnds {
  arrived(bytes: Uint8Array): void;
  /** `false` once nothing waits any more. */
  full(isFull: boolean): void;
}

export class Pipe {
  readonly #network: FakeNetwork;
  readonly #latencyMs: number;
  readonly #bytesPerMs: number;
  readonly #ends: PipeEnds;
  #waiting = 0;
  #isFull = false;
  /** When what was sent so far has gone out. */
  #freeAt = 0;

  constructor(network: FakeNetwork, latencyMs: number, bytesPerMs: number | undefined, ends: PipeEnds) {
    this.#network = network;
    this.#latencyMs = latencyMs;
    this.#bytesPerMs = bytesPerMs ?? Number.POSITIVE_INFINITY;
    this.#ends = ends;
  }

  send(bytes: Uint8Array): void {
    const now = this.#network.now();
    if (this.#bytesPerMs === Number.POSITIVE_INFINITY) {
      return this.#network.after(this.#latencyMs, () => this.#ends.arrived(bytes));
    }
    this.#waiting += bytes.length;
    this.#freeAt = Math.max(this.#freeAt, now) + bytes.length / this.#bytesPerMs;
    this.#network.after(this.#freeAt - now, () => this.#sent(bytes));
    if (this.#isFull || this.#waiting <= HIGH_WATER_BYTES) return;
    this.#isFull = true;
    // Behind what is being performed: a driver notices it when it writes.
    this.#network.after(0, () => this.#isFull && this.#ends.full(true));
  }

  /** Once all has arrived. */
  end(then: () => void): void {
    const now = this.#network.now();
    this.#network.after(Math.max(0, this.#freeAt - now) + this.#latencyMs, then);
  }

  #sent(bytes: Uint8Array): void {
    this.#waiting -= bytes.length;
    this.#network.after(this.#latencyMs, () => this.#ends.arrived(bytes));
    if (!this.#isFull || this.#waiting > 0) return;
    this.#isFull = false;
    this.#ends.full(false);
  }
}

/** The only timer of v1, which the client owns (docs/stopwait-udp.md, S6). It is fixed and never adapts. */

export interface V1TimerOptions {
  /** Milliseconds from sending a packet to sending it again. Default 5,000; a shorter one corrupts files of original peers. */
  readonly retransmitMs?: number;
  /** How often a packet is sent again before the client gives up. Default 5, so that it gives up at 30 s. */
  readonly retransmissions?: number;
}

export class V1Retransmission {
  readonly #retransmitMs: number;
  readonly #retransmissions: number;
  #packet: Uint8Array | undefined;
  #deadline: number | undefined;
  #left = 0;

  /** @throws RangeError */
  constructor({ retransmitMs = 5_000, retransmissions = 5 }: V1TimerOptions) {
    if (!(retransmitMs >= 1 && retransmitMs <= 2 ** 31 - 1)) {
      throw new RangeError(`retransmitMs is ${retransmitMs}, but must be a number from 1 to ${2 ** 31 - 1}`);
    }
    if (!(Number.isInteger(retransmissions) && retransmissions >= 0 && retransmissions <= 1_000)) {
      throw new RangeError(`retransmissions is ${retransmissions}, but must be a whole number from 0 to 1000`);
    }
    this.#retransmitMs = retransmitMs;
    this.#retransmissions = retransmissions;
  }

  get deadline(): number | undefined {
    return this.#deadline;
  }

  /** A new packet is sent now. Returns it. */
  start(now: number, packet: Uint8Array): Uint8Array {
    this.#packet = packet;
    this.#left = this.#retransmissions;
    this.#deadline = now + this.#retransmitMs;
    return packet;
  }

  /** The answer came. */
  stop(): void {
    this.#packet = undefined;
    this.#deadline = undefined;
  }

  /** The packet that is to be sent again now, `over` when it was sent often enough, undefined when it is too early. */
  expire(now: number): Uint8Array | "over" | undefined {
    if (this.#deadline === undefined || now < this.#deadline) return undefined;
    if (this.#left === 0 || this.#packet === undefined) return "over";
    this.#left--;
    this.#deadline = now + this.#retransmitMs;
    return this.#packet;
  }

  fingerprint(now: number): string {
    return this.#deadline === undefined ? "no timer" : `timer ${this.#deadline - now} left ${this.#left}`;
  }
}

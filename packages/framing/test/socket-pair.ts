import { Duplex } from "node:stream";

/** Two ends of a connection in memory: what is written to one is read from the other, with backpressure. */
export function socketPair(highWaterMark = 1024): [Duplex, Duplex] {
  const ends: [End, End] = [new End(highWaterMark), new End(highWaterMark)];
  [ends[0].other, ends[1].other] = [ends[1], ends[0]];
  return ends;
}

class End extends Duplex {
  other!: End;
  #resume: (() => void) | undefined;

  constructor(highWaterMark: number) {
    super({ highWaterMark, allowHalfOpen: true });
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    if (this.other.push(chunk)) callback();
    else this.other.#resume = callback;
  }

  override _final(callback: () => void): void {
    this.other.push(null);
    callback();
  }

  override _read(): void {
    const resume = this.#resume;
    this.#resume = undefined;
    resume?.();
  }
}

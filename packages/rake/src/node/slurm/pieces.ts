/**
 * What a step's program copies comes in pieces (step-program.ts): 4 bytes, big-endian, say how long the next one is, and 0 that it
 * was the last. So an end is told from a connection that broke, and nothing that was printed is held back to find out.
 */
import { Transform, type TransformCallback } from "node:stream";

const LENGTH_BYTES = 4;

/** Readable: what the pieces hold. `isWhole` is known when it has finished. */
export class Pieces extends Transform {
  isWhole = false;
  /** Of the piece that is being read. */
  #left = 0;
  #length = 0;
  #lengthBytes = 0;

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    for (let at = 0; at < chunk.length && !this.isWhole; ) {
      if (this.#left === 0) this.#lengthByte(chunk.readUInt8(at++));
      else {
        const some = chunk.subarray(at, at + this.#left);
        at += some.length;
        this.#left -= some.length;
        this.push(some);
      }
    }
    done();
  }

  #lengthByte(byte: number): void {
    this.#length = this.#length * 256 + byte;
    this.#lengthBytes++;
    if (this.#lengthBytes < LENGTH_BYTES) return;
    this.#left = this.#length;
    this.isWhole = this.#left === 0;
    this.#length = 0;
    this.#lengthBytes = 0;
  }
}

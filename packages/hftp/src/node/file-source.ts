/** An open file of the served directory that is being sent: read in place while that is fast, else on the thread pool. */
import { closeSync } from "node:fs";
import type { ServerOutput } from "../core/server-messages.js";
import type { BlockPool } from "./block-pool.js";
import { readFully, readFullyAsync } from "./served-directory.js";

type Piece = Pick<Extract<ServerOutput, { readonly type: "sendFile" }>, "offset" | "length" | "remaining">;

/**
 * A read in place that took so long did not come from memory: from then on this file is read on the thread pool, in
 * blocks, so that a slow disk holds up nobody else. From memory a piece takes some 20 us in place; a trip to the pool
 * and back costs as much again, and a block that has left the processor's cache costs more than that.
 */
const SLOW_READ_MS = 2;

export class FileSource {
  readonly #descriptor: number;
  readonly #pool: BlockPool;
  #slow = false;
  #block: Buffer | undefined;
  /** What was read ahead: the bytes `from` to `to` of the file, at the start of `loaded`. */
  #loaded: Buffer | undefined;
  #from = 0;
  #to = 0;
  #atEnd = false;
  #loading = false;
  #released = false;

  constructor(descriptor: number, pool: BlockPool) {
    this.#descriptor = descriptor;
    this.#pool = pool;
  }

  /**
   * The bytes of a piece, fewer only at the end of the file, or undefined where load() has to fetch them first.
   * Valid until this returns to the event loop: the memory is shared by all files that are being sent.
   * @throws what the file system says
   */
  take({ offset, length }: Piece): Buffer | undefined {
    const end = offset + length;
    if (this.#loaded !== undefined && offset >= this.#from && (end <= this.#to || this.#atEnd)) {
      return this.#loaded.subarray(Math.min(offset, this.#to) - this.#from, Math.min(end, this.#to) - this.#from);
    }
    if (this.#slow) return undefined;
    const bytes = this.#pool.scratch(length);
    const began = performance.now();
    const count = readFully(this.#descriptor, bytes, offset, length);
    this.#slow = performance.now() - began > SLOW_READ_MS;
    return bytes.subarray(0, count);
  }

  /** Reads a piece and as much after it as there is room for. Rejects with what the file system says. */
  async load({ offset, length, remaining }: Piece): Promise<void> {
    this.#block ??= this.#pool.borrow();
    const target = this.#block ?? Buffer.allocUnsafe(length);
    const wanted = Math.min(remaining, target.length);
    this.#loading = true;
    try {
      const count = await readFullyAsync(this.#descriptor, target, offset, wanted);
      this.#loaded = target;
      this.#from = offset;
      this.#to = offset + count;
      this.#atEnd = count < wanted;
    } finally {
      this.#loading = false;
      if (this.#released) this.#close();
    }
  }

  /** Closes the file, as soon as no read is under way. */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    if (!this.#loading) this.#close();
  }

  #close(): void {
    closeSync(this.#descriptor);
    this.#loaded = undefined;
    if (this.#block !== undefined) this.#pool.giveBack(this.#block);
    this.#block = undefined;
  }
}

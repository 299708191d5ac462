/** An open file of the served directory that is being sent: read in place or ahead, whichever is cheaper. */
import { closeSync } from "node:fs";
import type { ServerOutput } from "../core/server-messages.js";
import type { BlockPool } from "./block-pool.js";
import { readFully, readFullyAsync } from "./served-directory.js";

type Piece = Pick<Extract<ServerOutput, { readonly type: "sendFile" }>, "offset" | "length" | "remaining">;

/** What is left to send is read in place up to this size, and ahead on the thread pool above it. */
const IN_PLACE_BYTES = 72 * 1024;

export class FileSource {
  readonly #descriptor: number;
  readonly #pool: BlockPool;
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
   * Valid until the next call.
   * @throws what the file system says
   */
  take({ offset, length, remaining }: Piece): Buffer | undefined {
    const end = offset + length;
    if (this.#loaded !== undefined && offset >= this.#from && (end <= this.#to || this.#atEnd)) {
      return this.#loaded.subarray(Math.min(offset, this.#to) - this.#from, Math.min(end, this.#to) - this.#from);
    }
    if (remaining > IN_PLACE_BYTES) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    return bytes.subarray(0, readFully(this.#descriptor, bytes, offset, length));
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

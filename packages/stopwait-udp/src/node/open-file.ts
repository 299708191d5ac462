/** A file that is open: what is asked of it is done in order, in place while that is quick, else on the thread pool. */
import { close, closeSync, read, readSync, write, writeSync } from "node:fs";

/**
 * What took so long in place did not come from, or go to, memory alone. In memory a block takes some microseconds, a
 * trip to the thread pool and back twenty or more.
 */
const SLOW_MS = 2;
/** How often the thread pool is used after that, before the file is tried in place again. */
const POOL_TURNS = 64;
/** What follows what was written before is gathered up to so much: a call of the system costs more than some blocks. */
const GATHERED_BYTES = 64 * 1024;

export class OpenFile {
  readonly descriptor: number;
  #tail: Promise<void> | undefined;
  #waiting = 0;
  #poolTurns = 0;
  #closed = false;
  /** What was written last and is not in the file yet: the first `#gathered` bytes, from `#gatheredAt` on. */
  #buffer: Uint8Array | undefined;
  #gathered = 0;
  #gatheredAt = 0;

  constructor(descriptor: number) {
    this.descriptor = descriptor;
  }

  /** Whether something can be done in place now: nothing waits, and the last times were quick. */
  takesInPlace(): boolean {
    if (this.#waiting > 0) return false;
    if (this.#poolTurns === 0) return true;
    this.#poolTurns--;
    return false;
  }

  /** Fewer than `length` bytes only at the end of the file. @throws what the system says */
  read(offset: number, length: number): Uint8Array {
    const began = performance.now();
    const bytes = buffer(length);
    let done = 0;
    while (done < length) {
      const count = readSync(this.descriptor, bytes, done, length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    this.#timed(began);
    return done === length ? bytes : bytes.subarray(0, done);
  }

  /** What is written is in the file before anything else is done with it. @throws what the system says, now or later */
  write(offset: number, bytes: Uint8Array): void {
    const isNext = this.#gathered > 0 && offset === this.#gatheredAt + this.#gathered;
    if (!isNext || this.#gathered + bytes.length > GATHERED_BYTES) this.#flush();
    if (bytes.length > GATHERED_BYTES / 2) return this.#writeNow(offset, bytes);
    this.#buffer ??= Buffer.allocUnsafeSlow(GATHERED_BYTES);
    if (this.#gathered === 0) this.#gatheredAt = offset;
    this.#buffer.set(bytes, this.#gathered);
    this.#gathered += bytes.length;
  }

  #flush(): void {
    if (this.#gathered === 0 || this.#buffer === undefined) return;
    this.#writeNow(this.#gatheredAt, this.#buffer.subarray(0, this.#gathered));
    this.#gathered = 0;
  }

  #writeNow(offset: number, bytes: Uint8Array): void {
    const began = performance.now();
    let done = 0;
    while (done < bytes.length) done += writeSync(this.descriptor, bytes, done, bytes.length - done, offset + done);
    this.#timed(began);
  }

  /** As read(), on the thread pool. */
  async readLater(offset: number, length: number): Promise<Uint8Array> {
    const bytes = buffer(length);
    let done = 0;
    while (done < length) {
      const count = await pooled<number>((end) =>
        read(this.descriptor, bytes, done, length - done, offset + done, end),
      );
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  }

  /** As write(), on the thread pool. */
  async writeLater(offset: number, bytes: Uint8Array): Promise<void> {
    let done = 0;
    while (done < bytes.length) {
      done += await pooled<number>((end) =>
        write(this.descriptor, bytes, done, bytes.length - done, offset + done, end),
      );
    }
  }

  /** Does something after all that was asked for before; it must not reject. @throws what the system says of a write before */
  inTurn(work: () => Promise<void>): void {
    this.#flush();
    this.#waiting++;
    const turn = this.#tail === undefined ? work() : this.#tail.then(work);
    this.#tail = turn.then(() => {
      this.#waiting--;
    });
  }

  /** Resolves when nothing waits any more. */
  async settled(): Promise<void> {
    while (this.#waiting > 0) await this.#tail;
  }

  /** Whether it is closed, or will be once its turn comes: nothing more should be begun. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Closes it after what waits, then does `afterwards`, which must not throw. */
  close(afterwards: () => void = () => {}): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      this.#flush();
    } catch {
      this.#gathered = 0; // the part is that much shorter
    }
    if (this.#waiting === 0) {
      closeSync(this.descriptor);
      afterwards();
    } else {
      this.inTurn(async () => {
        await pooled<void>((end) => close(this.descriptor, end)).catch(() => {});
        afterwards();
      });
    }
  }

  #timed(began: number): void {
    if (performance.now() - began > SLOW_MS) this.#poolTurns = POOL_TURNS;
  }
}

/** A block is the machine's once it has it: memory that is used again would change under it. */
function buffer(length: number): Uint8Array {
  return Buffer.allocUnsafe(length);
}

async function pooled<T>(start: (end: (error: NodeJS.ErrnoException | null, result: T) => void) => void): Promise<T> {
  return await new Promise((resolve, reject) =>
    start((error, result) => (error === null || error === undefined ? resolve(result) : reject(error))),
  );
}

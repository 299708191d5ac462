/** A source as blocks: read ahead in chunks, digested as it is read (docs/stopwait-udp.md, S51). For both senders of v2. */

import type { FileEffect, Sha256 } from "./contract.js";

/**
 * What is read and digested at a time: large enough that a read costs little for each block, small enough to be done while
 * the other end is at work on one block.
 */
const CHUNK_BYTES = 16 * 1_024;

/** Blocks from this size on are read one by one. */
export const LARGE_BLOCK_BYTES: number = 4 * 1_024;

export interface SourceRange {
  /** The id under which the source is open. */
  readonly source: number;
  /** Bytes of the whole file. */
  readonly size: number;
  /** Where block 0 begins. */
  readonly offset: number;
  readonly blockBytes: number;
  /** Grown over the first `offset` bytes. */
  readonly sha256: Sha256;
}

/** How many blocks a file has from `offset` on. */
export function blockCount(size: number, offset: number, blockBytes: number): number {
  return Math.ceil((size - offset) / blockBytes);
}

export class SourceBlocks {
  readonly count: number;
  readonly #range: SourceRange;
  readonly #chunkBlocks: number;
  readonly #chunks: Uint8Array[] = [];
  /** Number of the first chunk that is held, and of the next one to read. */
  #firstChunk = 0;
  #nextChunk = 0;
  /** The read that is awaited. */
  #reading: number | undefined;
  #digest: Uint8Array | undefined;

  constructor(range: SourceRange) {
    this.#range = range;
    this.count = blockCount(range.size, range.offset, range.blockBytes);
    this.#chunkBlocks = range.blockBytes < LARGE_BLOCK_BYTES ? Math.floor(CHUNK_BYTES / range.blockBytes) : 1;
  }

  /** The next read, if one is due so that blocks below `limit`, and a chunk ahead, are there in time. */
  readAhead(limit: number, newId: () => number): FileEffect | undefined {
    const first = this.#nextChunk * this.#chunkBlocks;
    if (this.#reading !== undefined || first >= this.count || first >= limit + this.#chunkBlocks) return undefined;
    const { source, size, offset, blockBytes } = this.#range;
    const start = offset + first * blockBytes;
    const length = Math.min(this.#chunkBlocks * blockBytes, size - start);
    this.#reading = newId();
    return { type: "read-source", id: this.#reading, source, offset: start, length };
  }

  /** A read came to its end; one that somebody else asked for does not count. */
  loaded(id: number, bytes: Uint8Array): void {
    if (id !== this.#reading) return;
    this.#reading = undefined;
    this.#nextChunk++;
    this.#chunks.push(bytes);
    this.#range.sha256.update(bytes);
  }

  /** Forgets the blocks below `base`: nobody will ask for them again. */
  release(base: number): void {
    while (this.#chunks.length > 0 && (this.#firstChunk + 1) * this.#chunkBlocks <= base) {
      this.#chunks.shift();
      this.#firstChunk++;
    }
  }

  isLoaded(block: number): boolean {
    return block < Math.min(this.count, this.#nextChunk * this.#chunkBlocks);
  }

  /** Copies a block that is loaded and not released. @returns its length */
  copy(block: number, target: Uint8Array, at: number): number {
    const chunk = this.#chunks[Math.floor(block / this.#chunkBlocks) - this.#firstChunk] as Uint8Array;
    const start = (block % this.#chunkBlocks) * this.#range.blockBytes;
    const bytes = chunk.subarray(start, start + this.#range.blockBytes);
    target.set(bytes, at);
    return bytes.length;
  }

  /** Of the whole file, once all of it was read. */
  digest(): Uint8Array {
    this.#digest ??= this.#range.sha256.digest();
    return this.#digest;
  }

  fingerprint(): string {
    return `${this.#firstChunk},${this.#nextChunk}${this.#reading === undefined ? "" : "r"}`;
  }
}

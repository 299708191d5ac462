/** The newest entries of a room, encoded as they stand in a BATCH, in blocks of memory that are used again (docs/broadcast.md B17, B18). */

import { frameOfEntries } from "./batch.js";
import { ENTRY_HEADER_BYTES, EntryWalker } from "./entries.js";
import { u32At } from "./wire.js";

const BLOCK_BYTES = 65_536;
/** An entry longer than this gets a block of its own size, and a block with more left than this is cut: an eighth is wasted at most. */
const LONG_ENTRY_BYTES: number = BLOCK_BYTES / 8;

interface Block {
  bytes: Uint8Array;
  first: number;
  count: number;
  /** The entries are `bytes[0..end)`. */
  end: number;
  /** Bytes of all entries that were appended before those of this block. */
  position: number;
}

/**
 * A place in the log: the number of an entry, and how many bytes of entries were appended before it. The second makes reading and measuring cheap.
 */
export interface LogCursor {
  number: number;
  position: number;
}

export class RoomLog {
  /** Called with each entry that is trimmed, in order; the walker stands on it. */
  onTrim: ((number: number, entry: EntryWalker) => void) | undefined;

  /** The highest number; entries up to it are committed. */
  head: number;
  /** The first number that is still held; `head` + 1 where none is. */
  first: number;
  /** The positions of the first retained entry and behind the head. */
  #firstPosition = 0;
  #endPosition = 0;

  /** Blocks[#gone..] hold entries, the first of them perhaps some that were trimmed. */
  #blocks: Block[] = [];
  #gone = 0;
  #spare: Uint8Array | undefined;
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #walker = new EntryWalker();

  /** @param head the entries that are appended have the numbers behind it */
  constructor(head: number, maxEntries: number, maxBytes: number) {
    this.head = head;
    this.first = head + 1;
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
  }

  /** Entries that are held. */
  get count(): number {
    return this.head - this.first + 1;
  }

  /** Bytes that are held, as they stand in a BATCH. */
  get bytes(): number {
    return this.#endPosition - this.#firstPosition;
  }

  /** How many bytes behind the head a cursor is. */
  bytesFrom(cursor: LogCursor): number {
    return this.#endPosition - cursor.position;
  }

  /** Puts a cursor at a number before the first that is held, as if it were that one. */
  before(cursor: LogCursor, number: number): void {
    cursor.number = number;
    cursor.position = this.#firstPosition;
  }

  /** Puts a cursor behind the head. */
  toEnd(cursor: LogCursor): void {
    cursor.number = this.head + 1;
    cursor.position = this.#endPosition;
  }

  /** Copies `count` entries, `bytes[start..)`, behind the head, and trims what is too much (B17). */
  append(count: number, bytes: Uint8Array, start = 0): void {
    let at = start;
    let left = count;
    while (left > 0) {
      const block = this.#blocks[this.#blocks.length - 1];
      const fits = block === undefined || this.#blocks.length === this.#gone ? 0 : block.bytes.length - block.end;
      if (block !== undefined && bytes.length - at <= fits) {
        this.#put(block, bytes, at, bytes.length, left);
        break;
      }
      // Only where a block ends the entries are walked, to end it between two of them.
      const part = partThatFits(bytes, at, left, fits);
      if (block !== undefined && part.count > 0) this.#put(block, bytes, at, part.end, part.count);
      at = part.end;
      left -= part.count;
      if (left > 0) this.#addBlock(ENTRY_HEADER_BYTES + u32At(bytes, at + 13));
    }
    this.#trim();
  }

  /** Puts a cursor at an entry that is held, or behind the head. */
  seek(cursor: LogCursor, number: number): void {
    if (number > this.head) {
      this.toEnd(cursor);
      return;
    }
    const block = this.#blocks[this.#blockBy(number, byNumber)] as Block;
    let at = 0;
    for (let left = number - block.first; left > 0; left--) at += ENTRY_HEADER_BYTES + u32At(block.bytes, at + 13);
    cursor.number = number;
    cursor.position = block.position + at;
  }

  /** The kind of an entry that is held, as in `KIND`. */
  kindOf(number: number): number {
    const cursor = { number: 0, position: 0 };
    this.seek(cursor, number);
    const block = this.#blocks[this.#blockBy(cursor.position, byPosition)] as Block;
    return block.bytes[cursor.position - block.position] as number;
  }

  /**
   * One BATCH of entries from the cursor on, which must be held, and moves the cursor behind them: at most `maxEntries` and about 64 KiB of them, at
   * least one.
   */
  read(cursor: LogCursor, maxEntries: number): Uint8Array {
    const block = this.#blocks[this.#blockBy(cursor.position, byPosition)] as Block;
    const start = cursor.position - block.position;
    const first = cursor.number;
    let count = block.first + block.count - first;
    let end = block.end;
    if (count > maxEntries) {
      count = maxEntries;
      end = start;
      for (let left = count; left > 0; left--) end += ENTRY_HEADER_BYTES + u32At(block.bytes, end + 13);
    }
    cursor.number = first + count;
    cursor.position += end - start;
    return frameOfEntries(first, count, block.bytes, start, end);
  }

  #put(block: Block, bytes: Uint8Array, start: number, end: number, count: number): void {
    block.bytes.set(bytes.subarray(start, end), block.end);
    block.end += end - start;
    block.count += count;
    this.head += count;
    this.#endPosition += end - start;
  }

  #addBlock(entryBytes: number): void {
    const last = this.#blocks[this.#blocks.length - 1];
    if (last !== undefined && last.bytes.length - last.end > LONG_ENTRY_BYTES) {
      this.#spare = last.bytes;
      last.bytes = last.bytes.slice(0, last.end);
    }
    let bytes: Uint8Array;
    if (entryBytes > LONG_ENTRY_BYTES) {
      bytes = new Uint8Array(entryBytes);
    } else {
      bytes = this.#spare ?? new Uint8Array(BLOCK_BYTES);
      this.#spare = undefined;
    }
    this.#blocks.push({ bytes, first: this.head + 1, count: 0, end: 0, position: this.#endPosition });
  }

  #trim(): void {
    while (this.first < this.head && (this.count > this.#maxEntries || this.bytes > this.#maxBytes)) {
      const block = this.#blocks[this.#gone] as Block;
      const at = this.#firstPosition - block.position;
      const length = ENTRY_HEADER_BYTES + u32At(block.bytes, at + 13);
      if (this.onTrim !== undefined) {
        const walker = this.#walker.begin(block.bytes, at, block.end);
        walker.next();
        this.onTrim(this.first, walker);
      }
      this.first++;
      this.#firstPosition += length;
      if (this.first === block.first + block.count) this.#dropBlock(block);
    }
  }

  #dropBlock(block: Block): void {
    // What was read from it was copied: nobody else has this memory.
    if (block.bytes.length === BLOCK_BYTES) this.#spare = block.bytes;
    this.#blocks[this.#gone] = NO_BLOCK;
    this.#gone++;
    if (this.#gone > 64 && this.#gone * 2 > this.#blocks.length) {
      this.#blocks = this.#blocks.slice(this.#gone);
      this.#gone = 0;
    }
  }

  /** The last block that begins at or before it. */
  #blockBy(value: number, of: (block: Block) => number): number {
    let low = this.#gone;
    let high = this.#blocks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (of(this.#blocks[middle] as Block) <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const NO_BLOCK: Block = { bytes: new Uint8Array(0), first: 0, count: 0, end: 0, position: 0 };
const byNumber = (block: Block): number => block.first;
const byPosition = (block: Block): number => block.position;

/** As many of the entries as fit, and where they end. */
function partThatFits(bytes: Uint8Array, start: number, count: number, room: number): { count: number; end: number } {
  let end = start;
  for (let taken = 0; taken < count; taken++) {
    const next = end + ENTRY_HEADER_BYTES + u32At(bytes, end + 13);
    if (next - start > room) return { count: taken, end };
    end = next;
  }
  return { count, end };
}

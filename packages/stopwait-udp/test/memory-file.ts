/** The content of one file of a MemoryDisk: what programs see, and what of it would survive a crash. */
import type { Random } from "@lab/simnet";

/** A crash loses or keeps whole pages. Small, so that small files have several. */
const PAGE_BYTES = 64;

export class MemoryFile {
  /** Grows by doubling: a file may be written in 100,000 small pieces. */
  #buffer: Uint8Array;
  #length: number;
  /** What the last sync put where no crash reaches it. */
  #durable: Uint8Array = new Uint8Array();
  /** Rises with every change, so that an etag can tell. */
  version = 1;
  modifiedMs: number;
  readonly inode: number;

  constructor(inode: number, modifiedMs: number, bytes: Uint8Array = new Uint8Array()) {
    this.inode = inode;
    this.modifiedMs = modifiedMs;
    this.#buffer = bytes.slice();
    this.#length = bytes.length;
  }

  get length(): number {
    return this.#length;
  }

  get etag(): string {
    return `${this.inode}-${this.#length}-${this.version}`;
  }

  /** A view of the content, good until the next change. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  write(offset: number, bytes: Uint8Array, modifiedMs: number): void {
    const end = offset + bytes.length;
    if (end > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#buffer.length));
      grown.set(this.bytes);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, offset);
    this.#length = Math.max(this.#length, end);
    this.#changed(modifiedMs);
  }

  truncate(length: number, modifiedMs: number): void {
    this.#buffer = this.#buffer.slice(0, length);
    this.#length = length;
    this.#changed(modifiedMs);
  }

  sync(): void {
    this.#durable = this.bytes.slice();
  }

  /** The power goes: of what was not synced each page is kept, lost (zero), or what it was before. */
  crash(random: Random): void {
    const length = random.chance(0.5) ? this.#length : random.integer(...sorted(this.#durable.length, this.#length));
    const survived = new Uint8Array(length);
    survived.set(this.bytes.subarray(0, length));
    for (let page = 0; page < length; page += PAGE_BYTES) {
      const end = Math.min(page + PAGE_BYTES, length);
      if (same(survived.subarray(page, end), this.#durable.subarray(page, end)) || random.chance(0.7)) continue;
      survived.fill(0, page, end);
      survived.set(this.#durable.subarray(page, end), page);
    }
    const isWhole = same(survived, this.bytes);
    this.#buffer = survived;
    this.#length = length;
    if (!isWhole) this.version++;
    this.sync();
  }

  #changed(modifiedMs: number): void {
    this.version++;
    this.modifiedMs = modifiedMs;
  }
}

function sorted(a: number, b: number): [number, number] {
  return a < b ? [a, b] : [b, a];
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

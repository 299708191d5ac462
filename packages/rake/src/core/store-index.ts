/** Which files the store has, who needs them, and which one goes when it is full (docs/rake.md R46). */

/** A file as it came; one that came again later is another, so that nobody gives up the need of a stranger. */
export interface StoredFile {
  readonly digest: string;
  readonly size: number;
  /** Attempts that need it. */
  pins: number;
}

export class StoreIndex {
  /** In the order in which they were used, the longest ago first. */
  readonly #files = new Map<string, StoredFile>();
  /** How many uploads are about to stand under a digest: a file that is one of them does not go, or the new one went with it. */
  readonly #arriving = new Map<string, number>();
  readonly #maxBytes: number;
  readonly #evicted: (digest: string, size: number) => void;
  #bytes = 0;
  /** Room that uploads have been promised. */
  #promised = 0;
  #pinned = 0;

  /** @param evicted is told of each file that is given up */
  constructor(maxBytes: number, evicted: (digest: string, size: number) => void) {
    this.#maxBytes = maxBytes;
    this.#evicted = evicted;
  }

  get files(): number {
    return this.#files.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Files that somebody needs. */
  get pinned(): number {
    return this.#pinned;
  }

  get promised(): number {
    return this.#promised;
  }

  has(digest: string): boolean {
    return this.#files.has(digest);
  }

  /** Needs it once more, which is a use of it; undefined where it is not there. */
  pin(digest: string): StoredFile | undefined {
    const file = this.#files.get(digest);
    if (file === undefined) return undefined;
    if (file.pins++ === 0) this.#pinned++;
    this.#files.delete(digest);
    this.#files.set(digest, file);
    return file;
  }

  /** @param file what `pin` answered, once for each */
  unpin(file: StoredFile): void {
    if (--file.pins === 0 && this.holds(file)) this.#pinned--;
  }

  /** Whether it is there still, and no other in its place. */
  holds(file: StoredFile): boolean {
    return this.#files.get(file.digest) === file;
  }

  /** Whether so many bytes could be made room for now, by giving up what nobody needs. */
  couldTake(bytes: number): boolean {
    let room = this.#maxBytes - this.#bytes - this.#promised;
    if (room >= bytes) return true;
    for (const file of this.#files.values()) {
      if (this.#mayGo(file)) room += file.size;
      if (room >= bytes) return true;
    }
    return false;
  }

  /** Promises room, and gives up files for it; false, and nothing given up, where all that is there is needed. */
  promise(bytes: number): boolean {
    if (!this.couldTake(bytes)) return false;
    this.#promised += bytes;
    this.#makeRoom();
    return true;
  }

  /** The promise is not needed any more. */
  giveBack(bytes: number): void {
    this.#promised -= bytes;
  }

  /** All of it was brought, and it will stand under this digest soon, or not. Each is followed by one `arrived`. */
  arriving(digest: string): void {
    this.#arriving.set(digest, (this.#arriving.get(digest) ?? 0) + 1);
  }

  arrived(digest: string): void {
    const left = (this.#arriving.get(digest) ?? 0) - 1;
    if (left > 0) this.#arriving.set(digest, left);
    else this.#arriving.delete(digest);
  }

  /** It stands in the store. */
  add(digest: string, size: number): void {
    if (this.#files.has(digest)) return;
    this.#files.set(digest, { digest, size, pins: 0 });
    this.#bytes += size;
  }

  /** What is above the bound goes: for files that were there at the start. */
  trim(): void {
    this.#makeRoom();
  }

  /** It was found to be gone, or not as it was: nobody has it any more. */
  lost(digest: string): void {
    const file = this.#files.get(digest);
    if (file === undefined) return;
    if (file.pins > 0) this.#pinned--;
    this.#remove(file);
  }

  #makeRoom(): void {
    for (const file of this.#files.values()) {
      if (this.#bytes + this.#promised <= this.#maxBytes) return;
      if (!this.#mayGo(file)) continue;
      this.#remove(file);
      this.#evicted(file.digest, file.size);
    }
  }

  #mayGo(file: StoredFile): boolean {
    return file.pins === 0 && !this.#arriving.has(file.digest);
  }

  #remove(file: StoredFile): void {
    this.#files.delete(file.digest);
    this.#bytes -= file.size;
  }
}

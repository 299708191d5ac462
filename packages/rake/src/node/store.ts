/**
 * The content store (R46): a folder of files that are named `DIGEST.SIZE`, each whole when it gets that name. Their modification time is
 * set to a fixed one, so that any later write shows, after a restart too; their access time says when they were used last.
 */
import { constants, copyFileSync, lutimesSync, readdirSync, renameSync, rmSync, type Stats, statSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";

const NAME = /^([0-9a-f]{64})\.(\d{1,16})$/;
/** 2001-09-09, which nothing is likely to have by chance. */
const STORED_AT = 1_000_000_000;
/** Shorter files are copied at once: a trip to the thread pool takes longer. */
const SHORT_BYTES = 262_144;

export interface StoredFile {
  readonly digest: string;
  readonly size: number;
}

export class Store {
  readonly #folder: string;
  readonly #sizes = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What the folder holds, the least recently used first; what is not as it was put there is removed. */
  load(): StoredFile[] {
    const found: (StoredFile & { readonly usedAt: number })[] = [];
    for (const name of readdirSync(this.#folder)) {
      const [, digest = "", digits] = NAME.exec(name) ?? [];
      const stat = statSync(join(this.#folder, name), { throwIfNoEntry: false });
      const size = Number(digits);
      if (stat !== undefined && isAsPut(stat, size) && !this.#sizes.has(digest)) {
        this.#sizes.set(digest, size);
        found.push({ digest, size, usedAt: stat.atimeMs });
      } else {
        rmSync(join(this.#folder, name), { recursive: true, force: true });
      }
    }
    return found.sort((a, b) => a.usedAt - b.usedAt).map(({ digest, size }) => ({ digest, size }));
  }

  /** The whole file there becomes the store's. @throws what Node says where it cannot be renamed */
  put(path: string, digest: string, size: number): void {
    lutimesSync(path, Date.now() / 1_000, STORED_AT);
    renameSync(path, this.#path(digest, size));
    this.#sizes.set(digest, size);
  }

  /** Whether it is there as it was put there; if not, it is dropped. */
  check(digest: string): boolean {
    const size = this.#sizes.get(digest);
    if (size === undefined) return false;
    const stat = statSync(this.#path(digest, size), { throwIfNoEntry: false });
    if (stat !== undefined && isAsPut(stat, size)) return true;
    this.drop(digest);
    return false;
  }

  /**
   * A copy of its own, which shares its blocks where the file system can: a hard link would let an action write into the store.
   * @throws what Node says where it cannot be made
   */
  async copyTo(digest: string, path: string): Promise<void> {
    const size = this.#sizes.get(digest);
    if (size === undefined) throw new Error(`the store has no ${digest}`);
    const from = this.#path(digest, size);
    const mode = constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE;
    if (size <= SHORT_BYTES) copyFileSync(from, path, mode);
    else await copyFile(from, path, mode);
    lutimesSync(from, Date.now() / 1_000, STORED_AT);
  }

  drop(digest: string): void {
    const size = this.#sizes.get(digest);
    if (size === undefined) return;
    this.#sizes.delete(digest);
    rmSync(this.#path(digest, size), { force: true, recursive: true });
  }

  #path(digest: string, size: number): string {
    return join(this.#folder, `${digest}.${size}`);
  }
}

function isAsPut(stat: Stats, size: number): boolean {
  return stat.isFile() && stat.size === size && stat.mtimeMs === STORED_AT * 1_000 && stat.nlink === 1;
}

/** The files of the store that one attempt needs (docs/rake.md R19, R46). */

import type { StoredFile, StoreIndex } from "./store-index.js";

export class Pins {
  readonly #store: StoreIndex;
  readonly #files = new Map<string, StoredFile>();

  constructor(store: StoreIndex) {
    this.#store = store;
  }

  /** True where it is there: it stays until `release`. */
  add(digest: string): boolean {
    const known = this.#files.get(digest);
    if (known !== undefined) {
      if (this.#store.holds(known)) return true;
      this.#files.delete(digest);
      this.#store.unpin(known);
    }
    const file = this.#store.pin(digest);
    if (file !== undefined) this.#files.set(digest, file);
    return file !== undefined;
  }

  release(): void {
    for (const file of this.#files.values()) this.#store.unpin(file);
    this.#files.clear();
  }
}

/** Reads what a node stored, for as long as anybody wants to know it. */
import type { Stored } from "../core/contract.js";
import { ElectorError } from "./errors.js";
import type { ElectionStorage } from "./storage.js";

export class StorageReader {
  readonly #storage: ElectionStorage;
  #giveUp: (() => void) | undefined;

  constructor(storage: ElectionStorage) {
    this.#storage = storage;
  }

  /** @throws ElectorError `STOPPED` where it was given up; the storage is then closed as soon as it has answered */
  async read(): Promise<Stored | undefined> {
    const loading = this.#storage.load();
    const givenUp = new Promise<never>((_, reject) => {
      this.#giveUp = () => reject(new ElectorError("STOPPED", "this elector was stopped before its storage was read"));
    });
    try {
      return await Promise.race([loading, givenUp]);
    } catch (error) {
      loading.then(async () => await this.#storage.close?.()).catch(() => {});
      throw error;
    }
  }

  giveUp(): void {
    this.#giveUp?.();
  }
}

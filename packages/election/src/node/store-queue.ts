/** Stores what the machine wants stored: one at a time, in order, however slow the storage is. */
import type { ElectionInput, Stored } from "../core/contract.js";
import type { Logger } from "./logger.js";
import type { ElectionStorage } from "./storage.js";

export class StoreQueue {
  readonly #storage: ElectionStorage;
  readonly #logger: Logger;
  readonly #tell: (input: ElectionInput) => void;
  /** Resolves when all that was added so far is done. The machine bounds how much that is (election rule E46). */
  #last: Promise<void> = Promise.resolve();

  constructor(storage: ElectionStorage, logger: Logger, tell: (input: ElectionInput) => void) {
    this.#storage = storage;
    this.#logger = logger;
    this.#tell = tell;
  }

  add(id: number, state: Stored): void {
    this.#last = this.#last.then(async () => {
      let input: ElectionInput = { type: "stored", id };
      try {
        await this.#storage.store(state);
      } catch (error) {
        const message = (error as Error)?.message ?? String(error);
        this.#logger.error({ why: message }, "a promise could not be stored, and is not made");
        input = { type: "storeFailed", id, message };
      }
      this.#tell(input);
    });
  }

  /** Waits until nothing is being stored any more, for so long at most. */
  async drain(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, timeoutMs);
    });
    await Promise.race([this.#last, tooLong]);
    clearTimeout(timer);
  }
}

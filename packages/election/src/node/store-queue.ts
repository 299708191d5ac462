/** Stores what the machine wants stored: one at a time, in order, however slow the storage is. */
import type { ElectionInput, Stored } from "../core/contract.js";
import type { Logger } from "./logger.js";
import type { ElectionStorage } from "./storage.js";

/** A disk that is full or gone fails at every attempt: the same failure is an error in the log so often at most, else `debug`. */
const SAME_FAILURE_MS = 10_000;

export class StoreQueue {
  readonly #storage: ElectionStorage;
  readonly #logger: Logger;
  readonly #tell: (input: ElectionInput) => void;
  /** Resolves when all that was added so far is done. The machine bounds how much that is (election rule E46). */
  #last: Promise<void> = Promise.resolve();
  #isEnded = false;
  #failure: { readonly message: string; readonly at: number } | undefined;

  constructor(storage: ElectionStorage, logger: Logger, tell: (input: ElectionInput) => void) {
    this.#storage = storage;
    this.#logger = logger;
    this.#tell = tell;
  }

  add(id: number, state: Stored): void {
    this.#last = this.#last.then(async () => {
      if (this.#isEnded) return;
      let input: ElectionInput = { type: "stored", id };
      try {
        await this.#storage.store(state);
      } catch (error) {
        const message = (error as Error)?.message ?? String(error);
        this.#log(message);
        input = { type: "storeFailed", id, message };
      }
      this.#tell(input);
    });
  }

  /**
   * Stores what waits, then closes the storage, for so long at most. What is being stored after that time is stored to its end and the
   * storage closed then, since another process must not use it before; what waits behind it is not stored.
   */
  async end(timeoutMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#isEnded = true;
        this.#logger.warn({}, "the storage takes long; it is closed when what it stores is stored");
        resolve();
      }, timeoutMs);
    });
    const closed = this.#last.then(async () => await this.#storage.close?.());
    closed.catch((error: Error) => {
      if (this.#isEnded) this.#logger.error({ why: error.message }, "the storage could not be closed");
    });
    await Promise.race([closed, tooLong]).finally(() => clearTimeout(timer));
  }

  #log(message: string): void {
    const now = performance.now();
    const isKnown = this.#failure?.message === message && now - this.#failure.at < SAME_FAILURE_MS;
    if (!isKnown) this.#failure = { message, at: now };
    this.#logger[isKnown ? "debug" : "error"]({ why: message }, "a promise could not be stored, and is not made");
  }
}

/** Where what actions print goes, one piece after another, as fast as it is taken. */
import type { StreamName } from "../core/server-contract.js";

/** A piece of what an action printed. */
export interface Shown {
  readonly stream: StreamName;
  readonly bytes: Uint8Array;
  /** Its index in the plan; undefined for words of `rake` itself. */
  readonly action: number | undefined;
}

/** Takes it; where that takes time, the next piece waits for the promise. */
export type Show = (shown: Shown) => void | Promise<void>;

export class Screen {
  readonly #show: Show;
  #waiting: Promise<void> | undefined;

  constructor(show: Show) {
    this.#show = show;
  }

  /** Resolves, at once where it can, when it is taken. @throws what `show` throws */
  add(shown: Shown): Promise<void> | undefined {
    return this.#next(() => this.#show(shown));
  }

  /** All of these, with nothing else between them. */
  addAll(pieces: AsyncIterable<Shown>): Promise<void> | undefined {
    return this.#next(async () => {
      for await (const piece of pieces) await this.#show(piece);
    });
  }

  async settled(): Promise<void> {
    while (this.#waiting !== undefined) await this.#waiting.catch(() => {});
  }

  #next(task: () => void | Promise<void>): Promise<void> | undefined {
    if (this.#waiting === undefined) {
      const taking = task();
      if (taking === undefined) return undefined;
      return this.#wait(taking);
    }
    return this.#wait(this.#waiting.catch(() => {}).then(task));
  }

  #wait(taking: Promise<void>): Promise<void> {
    const waiting = taking.finally(() => {
      if (this.#waiting === waiting) this.#waiting = undefined;
    });
    this.#waiting = waiting;
    waiting.catch(() => {});
    return waiting;
  }
}

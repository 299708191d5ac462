/** One question for all who want it, asked when it may be. */
export class LaterQuestion {
  readonly #ask: () => Promise<void>;
  #waiting:
    | { readonly answered: Promise<void>; readonly timer: NodeJS.Timeout; readonly giveUp: () => void }
    | undefined;

  /** @param ask never rejects */
  constructor(ask: () => Promise<void>) {
    this.#ask = ask;
  }

  /** Resolves when it was answered, or will not be asked any more. */
  in(waitMs: number): Promise<void> {
    if (this.#waiting === undefined) {
      let giveUp = (): void => {};
      const answered = new Promise<void>((resolve) => {
        giveUp = resolve;
      });
      const ask = (): void => {
        this.#waiting = undefined;
        void this.#ask().then(giveUp);
      };
      this.#waiting = { answered, timer: setTimeout(ask, Math.ceil(waitMs)).unref(), giveUp };
    }
    return this.#waiting.answered;
  }

  close(): void {
    clearTimeout(this.#waiting?.timer);
    this.#waiting?.giveUp();
  }
}

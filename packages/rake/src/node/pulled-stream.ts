/** What an action prints on one stream, read when it is asked for: a pipe that nobody reads holds the action, not memory. */
import type { Readable } from "node:stream";

export class PulledStream {
  readonly #source: Readable;
  #isOver = false;
  #wanted = 0;
  #give: ((bytes: Uint8Array | undefined) => void) | undefined;

  constructor(source: Readable) {
    this.#source = source;
    const over = (): void => {
      this.#isOver = true;
      this.#answer();
    };
    source
      .on("readable", () => this.#answer())
      .on("end", over)
      .on("error", over)
      .on("close", over);
  }

  /** At most so many bytes, at least one; undefined at the end. One at a time. */
  pull(maxBytes: number): Promise<Uint8Array | undefined> {
    if (this.#give !== undefined) throw new Error("a stream is pulled once at a time");
    return new Promise((resolve) => {
      this.#wanted = maxBytes;
      this.#give = resolve;
      this.#answer();
    });
  }

  #answer(): void {
    const give = this.#give;
    if (give === undefined) return;
    const bytes: Buffer | null = this.#source.read(Math.min(this.#wanted, this.#source.readableLength) || undefined);
    if (bytes === null && !this.#isOver) return;
    this.#give = undefined;
    give(bytes === null ? undefined : bytes);
  }
}

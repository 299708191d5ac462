/** Publishes lines, many in flight, and knows what became of each. */
import type { Room } from "../node/client.js";

/** Lines without a number at a time. */
const MAX_OPEN = 1_000;

export interface PublishOutcomes {
  readonly published: (number: number, line: string) => void;
  /** @param position of the line among all, from 1 */
  readonly failed: (line: string, position: number, error: Error) => void;
}

export class LinePublisher {
  /** The highest number that a line was given. */
  last = 0;
  readonly #room: Pick<Room, "publish">;
  readonly #outcomes: PublishOutcomes;
  #open = 0;
  #count = 0;
  #wake: (() => void) | undefined;

  constructor(room: Pick<Room, "publish">, outcomes: PublishOutcomes) {
    this.#room = room;
    this.#outcomes = outcomes;
  }

  /** How many have neither a number nor an error. */
  get open(): number {
    return this.#open;
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** Resolves when another may be published. */
  async publish(line: string): Promise<void> {
    this.#open++;
    const position = ++this.#count;
    this.#room
      .publish(line)
      .then(
        (number) => {
          this.last = Math.max(this.last, number);
          this.#outcomes.published(number, line);
        },
        (error: Error) => this.#outcomes.failed(line, position, error),
      )
      .finally(() => {
        this.#open--;
        this.#wake?.();
      });
    await this.#until(() => this.#open < MAX_OPEN);
  }

  /** Resolves when the fate of every line is known. */
  async settled(): Promise<void> {
    await this.#until(() => this.#open === 0);
  }

  async #until(isTrue: () => boolean): Promise<void> {
    while (!isTrue()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Publishes lines, many in flight, and knows what became of each. */
import type { Room } from "../node/client.js";

/** Lines without a number at a time. */
const MAX_OPEN = 1_000;

/** Characters of a line that an error shows. */
const SHOWN_CHARACTERS = 60;

/** The beginning of a line, for an error about it. */
export function shortened(line: string): string {
  // Cut first: a line may be as long as memory.
  const characters = [...line.slice(0, 2 * SHOWN_CHARACTERS + 2)];
  return characters.length > SHOWN_CHARACTERS ? `${characters.slice(0, SHOWN_CHARACTERS).join("")}...` : line;
}

export interface PublishOutcomes {
  readonly published: (number: number, line: string) => void;
  readonly failed: (line: string, error: Error) => void;
}

export class LinePublisher {
  /** The highest number that a line was given. */
  last = 0;
  readonly #room: Pick<Room, "publish">;
  readonly #outcomes: PublishOutcomes;
  #open = 0;
  #wake: (() => void) | undefined;

  constructor(room: Pick<Room, "publish">, outcomes: PublishOutcomes) {
    this.#room = room;
    this.#outcomes = outcomes;
  }

  /** How many have neither a number nor an error. */
  get open(): number {
    return this.#open;
  }

  /** Resolves when another may be published. */
  async publish(line: string): Promise<void> {
    this.#open++;
    this.#room
      .publish(line)
      .then(
        (number) => {
          this.last = Math.max(this.last, number);
          this.#outcomes.published(number, line);
        },
        (error: Error) => this.#outcomes.failed(line, error),
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

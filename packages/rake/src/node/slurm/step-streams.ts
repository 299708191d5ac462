/** The streams of a step: connections that come when its program runs, pulled from as pipes are. */
import type { Socket } from "node:net";
import { PulledStream } from "../pulled-stream.js";

export class StepStream {
  /** It is read to its end, or it never began: false where it broke. */
  readonly over: Promise<boolean>;
  readonly #stream: Promise<PulledStream | undefined>;
  #begin: (stream: PulledStream | undefined) => void = () => {};
  #finish: (isWhole: boolean) => void = () => {};
  #socket: Socket | undefined;
  #isGivenUp = false;

  constructor() {
    this.#stream = new Promise((resolve) => {
      this.#begin = resolve;
    });
    this.over = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  begins(socket: Socket): void {
    if (this.#isGivenUp) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    socket.once("end", () => this.#finish(true)).once("close", () => this.#finish(false));
    this.#begin(new PulledStream(socket));
  }

  async pull(maxBytes: number): Promise<Uint8Array | undefined> {
    return (await this.#stream)?.pull(maxBytes);
  }

  /** None will come where none is there. */
  expectNone(): void {
    if (this.#socket !== undefined) return;
    this.#isGivenUp = true;
    this.#begin(undefined);
    this.#finish(true);
  }

  giveUp(): void {
    this.expectNone();
    this.#socket?.destroy();
  }
}

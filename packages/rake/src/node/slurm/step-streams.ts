/** The streams of a step: connections that come when its program runs, pulled from as pipes are. */
import type { Socket } from "node:net";
import { PulledStream } from "../pulled-stream.js";
import { Pieces } from "./pieces.js";

export class StepStream {
  /** It came to its end, or nothing was to come: false where it broke. */
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
    const pieces = new Pieces();
    pieces.once("finish", () => this.#finish(pieces.isWhole)).once("close", () => this.#finish(false));
    // A broken connection ends it as a short one does. One that broke before it was named here says nothing of that any more.
    socket.once("close", () => pieces.end());
    if (socket.destroyed) pieces.end();
    this.#begin(new PulledStream(socket.pipe(pieces)));
  }

  async pull(maxBytes: number): Promise<Uint8Array | undefined> {
    return (await this.#stream)?.pull(maxBytes);
  }

  /** None will come where none is there. @param isWhole nothing was to come: the command never ran */
  expectNone(isWhole: boolean): void {
    if (this.#socket !== undefined) return;
    this.#isGivenUp = true;
    this.#begin(undefined);
    this.#finish(isWhole);
  }

  giveUp(): void {
    this.expectNone(false);
    this.#socket?.destroy();
  }
}

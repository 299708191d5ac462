/** Keeps the first exchanges of a transfer, and writes them as a diagram when it is over, whatever became of it. */
import { closeSync, openSync, writeFileSync } from "node:fs";
import { describePacket } from "../core/describe-packet.js";
import type { SeenDatagram } from "../node/transfer-options.js";
import { usageError } from "./exit-codes.js";
import { type Arrow, renderSequence } from "./sequence-diagram.js";

/** As many as people read. */
const DEFAULT_ARROWS = 60;

export class TraceRecorder {
  readonly #path: string;
  readonly #maxArrows: number;
  readonly #arrows: Arrow[] = [];
  /** What was sent before, by its description: the packets of version 1 do not say that they are sent again. */
  readonly #sent = new Set<string>();
  #left = 0;

  /** @throws StopwaitError `USAGE` where the file cannot be written: before the transfer, not after it */
  constructor(path: string, maxArrows: number = DEFAULT_ARROWS) {
    this.#path = path;
    this.#maxArrows = maxArrows;
    try {
      closeSync(openSync(path, "a"));
    } catch (error) {
      throw usageError(`--trace: cannot write ${path}: ${(error as Error).message}`, error);
    }
  }

  see({ direction, atMs, bytes }: SeenDatagram): void {
    if (this.#arrows.length === this.#maxArrows) {
      this.#left++;
      return;
    }
    const { text, isRepeated } = describePacket(bytes);
    const wasSent = direction === "sent" && this.#sent.has(text);
    if (direction === "sent") this.#sent.add(text);
    this.#arrows.push({ direction, atMs, text, isRepeated: isRepeated || wasSent });
  }

  /** @throws what the file system says */
  write(title: string, server: string): void {
    const ends = { client: "client", server };
    writeFileSync(this.#path, renderSequence({ title, ...ends, arrows: this.#arrows, left: this.#left }));
  }
}

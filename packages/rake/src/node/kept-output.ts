/** What an attempt printed, kept in a file in the order in which it came (R36): for each piece its stream, its length, its bytes. */
import { type FileHandle, open } from "node:fs/promises";
import type { StreamName } from "../core/server-contract.js";
import { readAt } from "./pieces.js";

const HEADER_BYTES = 5;

export class KeptOutput {
  readonly place: string;
  #file: FileHandle | undefined;
  #done: Promise<void> = Promise.resolve();
  #error: unknown;
  bytes = 0;

  constructor(place: string) {
    this.place = place;
  }

  /** Resolves when it is written. @throws what Node says where it cannot be: of that and all that follow */
  add(stream: StreamName, bytes: Uint8Array): Promise<void> {
    this.#done = this.#done.then(async () => {
      if (this.#error !== undefined) return;
      try {
        this.#file ??= await open(this.place, "ax+", 0o600);
        const header = Buffer.alloc(HEADER_BYTES);
        header.writeUInt8(stream === "stdout" ? 1 : 2);
        header.writeUInt32BE(bytes.length, 1);
        await this.#file.appendFile(header);
        await this.#file.appendFile(bytes);
        this.bytes += HEADER_BYTES + bytes.length;
      } catch (error) {
        this.#error = error;
      }
    });
    return this.#done.then(() => {
      if (this.#error !== undefined) throw this.#error;
    });
  }

  /** Everything that was added so far is in the file. @throws where something could not be written */
  async settled(): Promise<void> {
    await this.#done;
    if (this.#error !== undefined) throw this.#error;
  }

  async close(): Promise<void> {
    await this.#done;
    await this.#file?.close().catch(() => {});
    this.#file = undefined;
  }
}

/** The pieces of such a file; what was cut off is left out. */
export async function* keptPieces(place: string): AsyncGenerator<readonly [StreamName, Uint8Array]> {
  let file: FileHandle;
  try {
    file = await open(place, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  try {
    for (let at = 0; ; ) {
      const header = Buffer.from(await readAt(file, at, HEADER_BYTES));
      if (header.length < HEADER_BYTES) return;
      const stream = header.readUInt8() === 1 ? "stdout" : "stderr";
      at += HEADER_BYTES;
      for (let left = header.readUInt32BE(1); left > 0; ) {
        const bytes = await readAt(file, at, left);
        if (bytes.length === 0) return;
        at += bytes.length;
        left -= bytes.length;
        yield [stream, bytes];
      }
    }
  } finally {
    await file.close();
  }
}

/** Pieces of inputs, as long as they are what was hashed (R34, R47). */
import { constants, fstatSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import { type FileDigests, markOf } from "./file-digests.js";
import { readAt } from "./pieces.js";

/** The one that was read longest ago is closed first. */
const MAX_OPEN = 32;

interface OpenInput {
  readonly opening: Promise<FileHandle>;
  users: number;
}

export class InputReader {
  readonly #root: string;
  readonly #digests: FileDigests;
  readonly #open = new Map<string, OpenInput>();

  constructor(root: string, digests: FileDigests) {
    this.#root = root;
    this.#digests = digests;
  }

  /** At least one byte, at most so many. @throws what is wrong: it cannot be read, or has changed since it was hashed */
  async read(path: string, offset: number, maxBytes: number): Promise<Uint8Array> {
    const input = this.#take(path);
    try {
      const file = await input.opening;
      const bytes = await readAt(file, offset, maxBytes);
      // Looked at afterwards: what changed before or while it was read shows.
      const stat = fstatSync(file.fd, { bigint: true });
      if (markOf(stat) !== this.#digests.mark(path)) throw new Error("it has changed since it was hashed");
      if (BigInt(offset + bytes.length) === stat.size) this.#forget(path, input);
      return bytes;
    } catch (error) {
      this.#forget(path, input);
      throw error;
    } finally {
      input.users--;
      if (this.#open.get(path) !== input) await closeUnused(input);
    }
  }

  /** What is being read is closed by its reader. */
  async close(): Promise<void> {
    const all = [...this.#open.values()];
    this.#open.clear();
    await Promise.all(all.map(closeUnused));
  }

  #take(path: string): OpenInput {
    const input = this.#open.get(path) ?? {
      opening: open(join(this.#root, path), constants.O_RDONLY | constants.O_NONBLOCK),
      users: 0,
    };
    input.users++;
    this.#open.delete(path);
    this.#open.set(path, input);
    for (const [oldest, one] of this.#open) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.delete(oldest);
      void closeUnused(one);
    }
    return input;
  }

  #forget(path: string, input: OpenInput): void {
    if (this.#open.get(path) === input) this.#open.delete(path);
  }
}

async function closeUnused({ opening, users }: OpenInput): Promise<void> {
  if (users > 0) return;
  await opening.then((file) => file.close()).catch(() => {});
}

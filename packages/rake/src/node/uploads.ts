/** Files that come in pieces: written and hashed as they come, one piece after another, and put into the store when they are whole. */
import { createHash, type Hash } from "node:crypto";
import { rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { join } from "node:path";
import type { ServerInput } from "../core/server-contract.js";
import type { Store } from "./store.js";
import { messageOf } from "./trouble.js";

interface Upload {
  readonly number: number;
  readonly path: string;
  readonly size: number;
  readonly digest: string | undefined;
  readonly hash: Hash;
  file: FileHandle | undefined;
  written: number;
  pieces: Uint8Array[];
  hasAll: boolean;
  isDropped: boolean;
}

export class Uploads {
  readonly #folder: string;
  readonly #store: Store;
  readonly #tell: (input: ServerInput) => void;
  readonly #open = new Map<number, Upload>();
  readonly #writing = new Set<Promise<void>>();

  constructor(folder: string, store: Store, tell: (input: ServerInput) => void) {
    this.#folder = folder;
    this.#store = store;
    this.#tell = tell;
  }

  open(number: number, size: number, digest: string | undefined): void {
    const upload: Upload = {
      number,
      path: join(this.#folder, String(number)),
      size,
      digest,
      hash: createHash("sha256"),
      file: undefined,
      written: 0,
      pieces: [],
      hasAll: false,
      isDropped: false,
    };
    this.#open.set(number, upload);
    const writing = this.#write(upload).finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** The bytes are this upload's from here on. */
  write(number: number, bytes: Uint8Array): void {
    const upload = this.#open.get(number);
    if (upload === undefined || bytes.length === 0) return;
    upload.pieces.push(bytes);
    this.#wake(upload);
  }

  end(number: number): void {
    const upload = this.#open.get(number);
    if (upload === undefined) return;
    upload.hasAll = true;
    this.#wake(upload);
  }

  drop(number: number): void {
    const upload = this.#open.get(number);
    if (upload === undefined) return;
    this.#open.delete(number);
    upload.isDropped = true;
    upload.pieces = [];
    this.#wake(upload);
  }

  /** Drops all, and resolves when no file of them is open or left. */
  async close(): Promise<void> {
    for (const number of [...this.#open.keys()]) this.drop(number);
    await Promise.all(this.#writing);
  }

  readonly #waiting = new Map<Upload, () => void>();

  #wake(upload: Upload): void {
    this.#waiting.get(upload)?.();
    this.#waiting.delete(upload);
  }

  async #write(upload: Upload): Promise<void> {
    try {
      upload.file = await open(upload.path, "wx", 0o400);
      while (!upload.isDropped) {
        const [piece] = upload.pieces;
        if (piece !== undefined) await this.#writePiece(upload, upload.file, piece);
        else if (upload.hasAll) break;
        else await new Promise<void>((resolve) => this.#waiting.set(upload, resolve));
      }
      await upload.file.close();
      upload.file = undefined;
      if (!upload.isDropped) this.#finish(upload);
    } catch (error) {
      await upload.file?.close().catch(() => {});
      const { code } = error as NodeJS.ErrnoException;
      const diskFull = code === "ENOSPC" || code === "EDQUOT" || code === "EFBIG";
      if (this.#open.delete(upload.number)) {
        this.#tell({ type: "uploadFailed", upload: upload.number, message: messageOf(error), diskFull });
      }
    } finally {
      rmSync(upload.path, { force: true });
    }
  }

  async #writePiece(upload: Upload, file: FileHandle, piece: Uint8Array): Promise<void> {
    upload.hash.update(piece);
    for (let at = 0; at < piece.length; ) {
      at += (await file.write(piece, at, piece.length - at, upload.written + at)).bytesWritten;
    }
    upload.written += piece.length;
    upload.pieces.shift();
    if (!upload.isDropped) this.#tell({ type: "uploadTook", upload: upload.number, bytes: piece.length });
  }

  #finish(upload: Upload): void {
    const { number, digest: expected, size, written } = upload;
    const digest = upload.hash.digest("hex");
    if (written !== size) throw new Error(`${written} bytes came where ${size} were announced`);
    if (expected === undefined || expected === digest) this.#store.put(upload.path, digest, size);
    this.#open.delete(number);
    this.#tell({ type: "uploaded", upload: number, digest });
  }
}

/** What a session asks of a directory, kept in memory, so that properties and cases run without a file system. */

import { closeSync } from "node:fs";
import type { DirectoryEntry, FileFacts } from "../../src/core/index.js";
import { readFully, type ServedDirectory } from "../../src/node/served-directory.js";

/** The directory as the in-memory driver needs it. */
export interface TestDirectory {
  stat(name: string): FileFacts;
  /** Facts, and a way to read where the file is a regular one. */
  open(name: string): { readonly file: FileFacts; readonly source?: TestSource };
  /** All entries. @throws where the directory is missing */
  entries(): readonly DirectoryEntry[];
}

export interface TestSource {
  /** Bytes from `offset` on, at most `length`. @throws where reading fails */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

export type MemoryEntry = Uint8Array | "directory" | "outside" | "unreadable";

export class MemoryDirectory implements TestDirectory {
  /** Undefined: the directory is missing. */
  files: Map<string, MemoryEntry> | undefined;
  /** Files that are open now: every one must be released. */
  openFiles = 0;

  constructor(files: Iterable<readonly [string, MemoryEntry]>) {
    this.files = new Map(files);
  }

  stat(name: string): FileFacts {
    if (this.files === undefined) return { kind: "no-directory", why: "missing" };
    const entry = this.files.get(name);
    if (entry === undefined) return { kind: "missing" };
    if (entry === "directory") return { kind: "not-regular" };
    if (entry === "outside") return { kind: "outside" };
    if (entry === "unreadable") return { kind: "failed", why: "permission denied" };
    return { kind: "regular", size: entry.length };
  }

  open(name: string): { readonly file: FileFacts; readonly source?: TestSource } {
    const file = this.stat(name);
    if (file.kind !== "regular") return { file };
    this.openFiles++;
    const source: TestSource = {
      read: (offset, length) => {
        const now = this.files?.get(name);
        return now instanceof Uint8Array ? now.subarray(offset, offset + length) : new Uint8Array(0);
      },
      close: () => {
        this.openFiles--;
      },
    };
    return { file, source };
  }

  entries(): readonly DirectoryEntry[] {
    if (this.files === undefined) throw new Error("the directory is missing");
    return [...this.files].map(([name, entry]) => ({ name, regular: entry instanceof Uint8Array }));
  }
}

/** A real directory behind the same shape. */
export class DiskDirectory implements TestDirectory {
  readonly #served: ServedDirectory;

  constructor(served: ServedDirectory) {
    this.#served = served;
  }

  stat(name: string): FileFacts {
    return this.#served.stat(name);
  }

  open(name: string): { readonly file: FileFacts; readonly source?: TestSource } {
    const { file, descriptor } = this.#served.open(name);
    if (descriptor === undefined) return { file };
    const source: TestSource = {
      read: (offset, length) => {
        const bytes = new Uint8Array(length);
        return bytes.subarray(0, readFully(descriptor, bytes, offset, length));
      },
      close: () => closeSync(descriptor),
    };
    return { file, source };
  }

  entries(): readonly DirectoryEntry[] {
    const listing = this.#served.openListing();
    try {
      return this.#served.readListing(listing, Number.POSITIVE_INFINITY).entries;
    } finally {
      listing.closeSync();
    }
  }
}

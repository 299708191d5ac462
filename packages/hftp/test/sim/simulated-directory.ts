/** The served directory of a simulated server: files that change while they are sent, and all that they ever held. */
import type { DirectoryEntry, FileFacts } from "../../src/core/index.js";
import type { TestDirectory, TestSource } from "../server/memory-directory.js";
import type { Moments } from "./moments.js";

/** What stands under a name from a moment on. */
interface Standing {
  readonly since: number;
  /** Undefined: nothing that can be fetched. */
  readonly content: Uint8Array | undefined;
}

/** A file apart from its name: a descriptor goes on reading it when the name has become another file's. */
interface Inode {
  content: Uint8Array;
}

export type DirectoryChange =
  /** Other bytes in the same file: who has it open reads them. */
  | { readonly type: "rewrite"; readonly name: string; readonly content: Uint8Array }
  /** Another file under the name: who has the old one open goes on reading that. */
  | { readonly type: "replace"; readonly name: string; readonly content: Uint8Array }
  | { readonly type: "truncate"; readonly name: string; readonly length: number }
  | { readonly type: "remove"; readonly name: string }
  /** The directory goes, with all in it, or is made anew, with all that was in it (H2). */
  | { readonly type: "hide" | "show" }
  /** From now on no byte can be read: the disk is failing. */
  | { readonly type: "break" };

export class SimulatedDirectory implements TestDirectory {
  readonly #moments: Moments;
  readonly #inodes = new Map<string, Inode>();
  readonly #past = new Map<string, Standing[]>();
  /** Names that could be listed, from each moment on. */
  readonly #listings: { readonly since: number; readonly names: readonly string[] }[] = [];
  #hidden = false;
  #broken = false;
  /** From when on 199 is an answer to be expected. */
  #failingSince: number | undefined;
  /** Files that are open now. */
  openFiles = 0;

  constructor(files: Iterable<readonly [string, Uint8Array]>, moments: Moments) {
    this.#moments = moments;
    for (const [name, content] of files) {
      this.#inodes.set(name, { content });
      this.#past.set(name, [{ since: 0, content }]);
    }
    this.#listings.push({ since: 0, names: this.#names() });
  }

  change(change: DirectoryChange): void {
    const inode = "name" in change ? this.#inodes.get(change.name) : undefined;
    switch (change.type) {
      case "rewrite":
        if (inode === undefined) return;
        inode.content = change.content;
        break;
      case "replace":
        this.#inodes.set(change.name, { content: change.content });
        break;
      case "truncate":
        if (inode === undefined) return;
        inode.content = inode.content.slice(0, change.length);
        break;
      case "remove":
        this.#inodes.delete(change.name);
        break;
      case "hide":
      case "show":
        this.#hidden = change.type === "hide";
        this.#failingSince ??= this.#moments.next();
        return;
      case "break":
        this.#broken = true;
        this.#failingSince ??= this.#moments.next();
        return;
    }
    const since = this.#moments.next();
    const past = this.#past.get(change.name) ?? [];
    this.#past.set(change.name, [...past, { since, content: this.#inodes.get(change.name)?.content }]);
    this.#listings.push({ since, names: this.#names() });
  }

  // --- what the server asks ---

  stat(name: string): FileFacts {
    if (this.#hidden) return { kind: "no-directory", why: "missing" };
    const inode = this.#inodes.get(name);
    return inode === undefined ? { kind: "missing" } : { kind: "regular", size: inode.content.length };
  }

  open(name: string): { readonly file: FileFacts; readonly source?: TestSource } {
    const file = this.stat(name);
    const inode = this.#inodes.get(name);
    if (file.kind !== "regular" || inode === undefined) return { file };
    this.openFiles++;
    const source: TestSource = {
      read: (offset, length) => {
        if (this.#broken) throw new Error("I/O error");
        return inode.content.slice(offset, offset + length);
      },
      close: () => {
        this.openFiles--;
      },
    };
    return { file, source };
  }

  entries(): readonly DirectoryEntry[] {
    if (this.#hidden) throw new Error("the directory is missing");
    return [{ name: "a folder", regular: false }, ...this.#names().map((name) => ({ name, regular: true }))];
  }

  // --- what the oracles ask ---

  /** Everything that stood under the name at some time between two moments; undefined for nothing. */
  contents(name: string, from: number, to: number): readonly (Uint8Array | undefined)[] {
    return during(this.#past.get(name) ?? [{ since: 0, content: undefined }], from, to).map(({ content }) => content);
  }

  /** Every listing that would have been right at some time between two moments. */
  listings(from: number, to: number): readonly (readonly string[])[] {
    return during(this.#listings, from, to).map(({ names }) => names);
  }

  /** Whether the directory or its disk failed by that moment. */
  failedBefore(moment: number): boolean {
    return this.#failingSince !== undefined && this.#failingSince <= moment;
  }

  #names(): string[] {
    return [...this.#inodes.keys()].sort();
  }
}

function during<Since extends { readonly since: number }>(past: readonly Since[], from: number, to: number): Since[] {
  return past.filter(({ since }, at) => since <= to && (past[at + 1]?.since ?? Number.POSITIVE_INFINITY) > from);
}

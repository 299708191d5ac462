/** Asks TransferFiles for effects one after another, and waits for each result. */
import type { FileEffect, FileResult } from "../../src/core/contract.js";
import { TransferFiles } from "../../src/node/transfer-files.js";

/** Distributes over the union: an effect without its id. */
type WithoutId<Effect> = Effect extends { readonly id: number } ? Omit<Effect, "id"> : never;

export class FilesHarness implements AsyncDisposable {
  readonly files: TransferFiles;
  readonly #waiting = new Map<number, (result: FileResult) => void>();
  #nextId = 1;

  constructor(root: string) {
    this.files = new TransferFiles({ root, deliver: (result) => this.#waiting.get(result.id)?.(result) });
  }

  /** Does not wait: the number under which a file is known from then on, and the result to come. */
  ask(effect: WithoutId<FileEffect>): { readonly id: number; readonly result: Promise<FileResult> } {
    const id = this.#nextId++;
    const result = new Promise<FileResult>((resolve) => {
      this.#waiting.set(id, resolve);
      const atOnce = this.files.perform({ ...effect, id } as FileEffect);
      if (atOnce !== undefined) resolve(atOnce);
    });
    return { id, result };
  }

  async done(effect: WithoutId<FileEffect>): Promise<FileResult> {
    return await this.ask(effect).result;
  }

  /** What became of an effect, in one word: its result's type, or the fact that it failed with. */
  async fact(effect: WithoutId<FileEffect>): Promise<string> {
    const result = await this.done(effect);
    return result.type === "effect-failed" ? result.fact : result.type;
  }

  /** Opens a part; answers its number. */
  async part(
    name: string,
    key: string,
    more: { readonly claim?: string; readonly overwrite?: boolean } = {},
  ): Promise<number> {
    const { id, result } = this.ask({ type: "open-part", name, key, overwrite: false, ...more });
    const { type } = await result;
    if (type !== "part-opened") throw new Error(JSON.stringify(await result));
    return id;
  }

  /** Opens a part, writes into it, commits it: the fact. */
  async put(name: string, key: string, text: string, overwrite = false): Promise<string> {
    const { id, result } = this.ask({ type: "open-part", name, key, overwrite });
    const opened = await result;
    if (opened.type === "effect-failed") return opened.fact;
    await this.done({ type: "write-part", part: id, offset: 0, bytes: new TextEncoder().encode(text) });
    return await this.fact({ type: "commit-part", part: id, overwrite });
  }

  /** Opens a file and reads all of it: the text, or the fact. */
  async get(name: string): Promise<string> {
    const { id, result } = this.ask({ type: "open-source", name });
    const opened = await result;
    if (opened.type !== "source-opened") return opened.type === "effect-failed" ? opened.fact : opened.type;
    const read = await this.done({ type: "read-source", source: id, offset: 0, length: opened.size });
    this.files.perform({ type: "close-source", source: id });
    return read.type === "source-read" ? new TextDecoder().decode(read.bytes) : read.type;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.files.close();
  }
}
